/**
 * The correlator's only clock: how far event time has come. Only durations are read off it, so it may be off from any
 * host's clock; it must go on while any agent is alive, and none may move it for the others. Of each agent there is a
 * steady time, which goes on by its watermark and rests when that steps back (a new epoch). Event time follows the
 * second greatest of these, by 2 s more at most where the greatest says so; an agent that is alone is believed. Silent
 * agents, since whose last message others have gone on, count no more; those far behind neither. An agent is never
 * believed beyond the time of the bus, nor a leap ahead of the others. Where all lag behind, whoever goes on takes time
 * along.
 * Everything follows from the order of messages and what is in them, so reading them again gives the same.
 */
import type { ReceivedMessage } from '../core/bus/bus.ts';
import { SteadyTime } from '../core/bus/steady-time.ts';
import { LeadingAgents } from './leading-agents.ts';
import { type Recent, RecentAgents } from './recent-agents.ts';

/** How far event time may at most be ahead of what a second agent says. */
const mostTrustNs = 2e9;
/** An agent is silent when others have gone on by more than this since its last message. */
const silenceNs = 2e9;
/** What a single message counts towards that, also where it claims more, and where it claims what cannot be. */
const creditNs = 2e9;
const leapCreditNs = 0.25e9;
/** Agents within this of event time speak for it; a message that goes beyond it is a clock that was set. */
const nearNs = 10e9;
/** Beyond this an agent lives in another time: a recording replayed beside live data, a host without time. */
const plausibleGapNs = 3600e9;
/** How far ahead of the bus an agent may be. */
const aheadOfBusNs = 5e9;
/** A watermark that steps back by less is disorder; by more, a clock that was set. */
const slackNs = 1e9;
/** After so much progress of an agent that event time has not followed at all, it does. */
const patienceNs = 120e9;
/** Agents that are remembered, of those that are heard of and of those that are silent: 150 bytes each. */
const agentLimit = 20_000;
const silentLimit = 5_000;

/** What is known of one agent. Times in nanoseconds. */
interface AgentTime extends Recent<AgentTime> {
  /** Its watermark of last. */
  watermarkNs: number;
  /** Its steady time. */
  timeNs: number;
  /** Progress of all, as it was at its last message and as this agent alone has brought it forward. */
  heardAtNs: number;
  creditedNs: number;
  /** Its time when event time went on last, and which step of that it was. */
  restingNs: number;
  step: number;
}

/** Event time, in Unix nanoseconds of some clock as doubles. */
export class EventClock {
  nowNs = 0;
  readonly #trustNs: number;
  #isSet = false;
  #step = 0;
  /** Progress of all agents together: as fast as the fastest. */
  #progressNs = 0;
  readonly #active = new RecentAgents<AgentTime>();
  readonly #silent = new RecentAgents<AgentTime>();
  readonly #leading = new LeadingAgents<AgentTime>(this.#active.byId);
  readonly #busTimes = new Map<number, SteadyTime>();

  /** @param quietNs how long a trace stays quiet before it goes out: nobody is trusted that far */
  constructor(quietNs = 3e9) {
    this.#trustNs = Math.min(mostTrustNs, Math.floor((quietNs * 2) / 3));
  }

  /** How many are remembered. */
  get agents(): number {
    return this.#active.size + this.#silent.size;
  }

  /** Takes note of an agent's watermark, and when the bus accepted it (0 where that is not known). */
  observe(agentId: number, watermarkNs: number, place: Pick<ReceivedMessage, 'partition' | 'timestampMs'>): void {
    const limitNs = this.#limit(place);
    const known = this.#active.byId.get(agentId) ?? this.#silent.byId.get(agentId);
    const agent = known ?? this.#newAgent(agentId, watermarkNs, limitNs);
    if (known !== undefined) this.#goOn(agent, watermarkNs, limitNs);
    this.#hear(agent);
    this.#silence();
    this.#follow();
    this.#takeAlong(agent);
  }

  /**
   * Forgets all agents: the next one says what time it is. For moments in which no span is in state, so that whoever
   * continues after a restart, with the oldest message that state needs, has the same time.
   */
  reset(): void {
    if (!this.#isSet) return;
    this.#isSet = false;
    this.#step = this.#progressNs = 0;
    this.#active.clear();
    this.#silent.clear();
    this.#leading.clear();
    this.#busTimes.clear();
  }

  /** The latest time that can be believed. */
  #limit({ partition, timestampMs }: Pick<ReceivedMessage, 'partition' | 'timestampMs'>): number {
    if (timestampMs <= 0) return Infinity;
    let busTime = this.#busTimes.get(partition);
    if (busTime === undefined) this.#busTimes.set(partition, (busTime = new SteadyTime()));
    return busTime.advance(timestampMs) * 1e6 + aheadOfBusNs;
  }

  #newAgent(id: number, watermarkNs: number, limitNs: number): AgentTime {
    let timeNs = Math.min(watermarkNs, limitNs);
    if (this.#isSet) {
      const aheadNs = timeNs - this.nowNs;
      if (aheadNs > (this.#isSpokenFor(undefined) ? nearNs : plausibleGapNs) || aheadNs < -plausibleGapNs)
        timeNs = this.nowNs;
    }
    const progress = { heardAtNs: this.#progressNs, creditedNs: this.#progressNs };
    const order = { older: undefined, newer: undefined };
    return { id, watermarkNs, timeNs, ...progress, restingNs: timeNs, step: this.#step, ...order };
  }

  /** Its steady time goes on as far as its watermark did and can be believed. */
  #goOn(agent: AgentTime, watermarkNs: number, limitNs: number): void {
    const claimedNs = watermarkNs - agent.watermarkNs;
    if (claimedNs > 0 || claimedNs < -slackNs) agent.watermarkNs = watermarkNs;
    if (claimedNs <= 0) return;
    const before = agent.timeNs;
    const leapNs = this.nowNs + nearNs;
    let believedNs = Math.min(before + claimedNs, limitNs);
    const isLeap = believedNs > leapNs && this.#isSpokenFor(agent);
    if (isLeap) believedNs = leapNs;
    if (believedNs > before) agent.timeNs = believedNs;
    const credit = Math.min(agent.timeNs - before, isLeap ? leapCreditNs : creditNs);
    agent.creditedNs = Math.max(agent.creditedNs, agent.heardAtNs) + credit;
  }

  /** Whether another agent says what time it is. */
  #isSpokenFor(except: AgentTime | undefined): boolean {
    const first = this.#leading.first(except);
    return first !== undefined && first.timeNs >= this.nowNs - nearNs;
  }

  #hear(agent: AgentTime): void {
    this.#progressNs = Math.max(this.#progressNs, agent.creditedNs);
    agent.heardAtNs = this.#progressNs;
    this.#silent.remove(agent);
    this.#active.put(agent);
    this.#leading.raise(agent);
  }

  /** Those that have not been heard of for long count no more. */
  #silence(): void {
    for (let { oldest } = this.#active; oldest !== undefined; oldest = this.#active.oldest) {
      if (oldest.heardAtNs + silenceNs >= this.#progressNs && this.#active.size <= agentLimit) return;
      this.#active.remove(oldest);
      this.#leading.remove(oldest);
      this.#silent.put(oldest);
      if (this.#silent.size > silentLimit) this.#silent.remove(this.#silent.oldest!);
    }
  }

  /** Event time goes on as far as agents speak for it. */
  #follow(): void {
    const first = this.#leading.first()!;
    const second = this.#leading.second();
    const isAlone = second === undefined || (this.#isSet && second.timeNs < this.nowNs - nearNs);
    const timeNs = isAlone ? first.timeNs : Math.min(first.timeNs, second.timeNs + this.#trustNs);
    if (this.#isSet && timeNs <= this.nowNs) return;
    this.nowNs = timeNs;
    this.#isSet = true;
    this.#step++;
  }

  /** Whoever went on for long while event time stood still brings it along from now on. */
  #takeAlong(agent: AgentTime): void {
    if (agent.step !== this.#step) {
      agent.step = this.#step;
      agent.restingNs = agent.timeNs;
    } else if (agent.timeNs < this.nowNs && agent.timeNs - agent.restingNs > patienceNs) {
      agent.timeNs = this.nowNs;
      this.#leading.raise(agent);
    }
  }
}
