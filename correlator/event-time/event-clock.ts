/**
 * The correlator's only clock: event time, derived from the watermarks of all agents. Only durations are taken from it, so it
 * may differ from any host's clock. It must advance while any agent is alive, and no agent may move it for the others.
 *
 * Each agent has a steady time: it advances with the agent's watermark and stops when that steps back (a new epoch). Event time
 * is the second greatest steady time, plus at most 2 s if the greatest is ahead; a single agent is believed. These do
 * not count: agents that stop while others advance, agents far behind, time beyond the bus's time, and leaps ahead of the
 * others. If all agents that advance are far behind, event time follows them after a while.
 *
 * Only the order and the content of messages count, so reading them again gives the same.
 */
import type { ReceivedMessage } from '../../core/bus/bus.ts';
import { SteadyTime } from '../../core/bus/steady-time.ts';
import { LeadingAgents } from './leading-agents.ts';
import { type Recent, RecentAgents } from './recent-agents.ts';

/** How far event time may be ahead of the second agent's time. */
const mostTrustNs = 2e9;
/** An agent rests when others have advanced by more than this without it. */
const silenceNs = 2e9;
/** Pace at which it catches up with the others' progress; its arrears are at most `mostArrearsNs`. */
const catchUpPace = 2;
const mostArrearsNs = 2 * silenceNs;
/** Progress that one message may count for, even if it claims more; and if its claim is a leap. */
const creditNs = 2e9;
const leapCreditNs = 0.25e9;
/** Agents within this of event time determine it; a message beyond it means that a clock was set. */
const nearNs = 10e9;
/** Beyond this an agent's time is unrelated: a recording replayed beside live data, a host without a clock. */
const plausibleGapNs = 3600e9;
/** How far ahead of the bus an agent may be. */
const aheadOfBusNs = 5e9;
/** A watermark that steps back by less is disorder; by more, a clock that was set. */
const slackNs = 1e9;
/** Progress of an agent after which event time follows it, if it has not followed at all. */
const patienceNs = 120e9;
/** Agents that are remembered, of those that go on and of those that rest: 150 bytes each. */
const agentLimit = 20_000;
const restingLimit = 5_000;

/** What is known of one agent. Times in nanoseconds. */
interface AgentTime extends Recent<AgentTime> {
  /** Its last watermark. */
  watermarkNs: number;
  /** Its steady time. */
  timeNs: number;
  /** Progress of all, as far as this agent kept up with it, and as it alone has brought it forward. */
  keptUpNs: number;
  creditedNs: number;
  /** Time of the bus at its last message; 0 where that is not known. */
  busNs: number;
  /** Its time when event time last advanced, and the number of that step. */
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
  readonly #resting = new RecentAgents<AgentTime>();
  readonly #leading = new LeadingAgents<AgentTime>(this.#active.byId);
  readonly #busTimes = new Map<number, SteadyTime>();

  /** @param quietNs quiet period of a trace: no agent may advance event time by that much alone */
  constructor(quietNs = 3e9) {
    this.#trustNs = Math.min(mostTrustNs, Math.floor((quietNs * 2) / 3));
  }

  /** How many are remembered. */
  get agents(): number {
    return this.#active.size + this.#resting.size;
  }

  /** Takes note of an agent's watermark, and when the bus accepted it (0 where that is not known). */
  observe(agentId: number, watermarkNs: number, message: Pick<ReceivedMessage, 'partition' | 'timestampMs'>): void {
    const busNs = this.#busTime(message);
    const limitNs = busNs === 0 ? Infinity : busNs + aheadOfBusNs;
    const known = this.#active.byId.get(agentId) ?? this.#resting.byId.get(agentId);
    const agent = known ?? this.#newAgent(agentId, watermarkNs, limitNs);
    const paceNs = known === undefined || agent.busNs === 0 ? 0 : busNs - agent.busNs;
    const wentOnNs = known === undefined ? 0 : this.#goOn(agent, watermarkNs, limitNs, paceNs);
    agent.busNs = busNs;
    this.#hear(agent, wentOnNs);
    this.#rest();
    this.#follow();
    this.#takeAlong(agent);
  }

  /**
   * Forgets all agents; the next one sets the time. Only while no span is in state, so that a restart, which begins with the
   * oldest message that state needs, has the same time.
   */
  reset(): void {
    if (!this.#isSet) return;
    this.#isSet = false;
    this.#step = this.#progressNs = 0;
    this.#active.clear();
    this.#resting.clear();
    this.#leading.clear();
    this.#busTimes.clear();
  }

  /** Time by the bus, which never steps back; 0 if it is not known. */
  #busTime({ partition, timestampMs }: Pick<ReceivedMessage, 'partition' | 'timestampMs'>): number {
    if (timestampMs <= 0) return 0;
    let busTime = this.#busTimes.get(partition);
    if (busTime === undefined) this.#busTimes.set(partition, (busTime = new SteadyTime()));
    return busTime.advance(timestampMs) * 1e6;
  }

  #newAgent(id: number, watermarkNs: number, limitNs: number): AgentTime {
    let timeNs = Math.min(watermarkNs, limitNs);
    if (this.#isSet) {
      const aheadNs = timeNs - this.nowNs;
      if (aheadNs > (this.#isSpokenFor(undefined) ? nearNs : plausibleGapNs) || aheadNs < -plausibleGapNs)
        timeNs = this.nowNs;
    }
    const progress = { keptUpNs: this.#progressNs, creditedNs: this.#progressNs, busNs: 0 };
    const order = { list: undefined, previous: undefined, next: undefined };
    return { id, watermarkNs, timeNs, ...progress, restingNs: timeNs, step: this.#step, ...order };
  }

  /**
   * Advances its steady time as far as its watermark did and can be believed. Returns its progress, which is more while it
   * waits for event time to come near: otherwise a resting agent would stop both for ever.
   *
   * @param paceNs time of the bus since its last message
   */
  #goOn(agent: AgentTime, watermarkNs: number, limitNs: number, paceNs: number): number {
    const claimedNs = watermarkNs - agent.watermarkNs;
    if (claimedNs > 0 || claimedNs < -slackNs) agent.watermarkNs = watermarkNs;
    if (claimedNs <= 0) return 0;
    const before = agent.timeNs;
    const leapNs = this.nowNs + nearNs;
    const withinBusNs = Math.min(before + claimedNs, limitNs);
    const isLeap = withinBusNs > leapNs && this.#isSpokenFor(agent);
    const believedNs = isLeap ? leapNs : withinBusNs;
    if (believedNs > before) agent.timeNs = believedNs;
    const waitedNs = isLeap ? Math.min(withinBusNs - before, paceNs) : 0;
    const wentOnNs = Math.max(agent.timeNs - before, waitedNs);
    agent.creditedNs =
      Math.max(agent.creditedNs, agent.keptUpNs) + Math.min(wentOnNs, isLeap ? leapCreditNs : creditNs);
    return wentOnNs;
  }

  /** Whether another agent determines event time. */
  #isSpokenFor(except: AgentTime | undefined): boolean {
    const first = this.#leading.first(except);
    return first !== undefined && first.timeNs >= this.nowNs - nearNs;
  }

  #hear(agent: AgentTime, wentOnNs: number): void {
    this.#progressNs = Math.max(this.#progressNs, agent.creditedNs);
    const leastNs = Math.max(agent.keptUpNs, this.#progressNs - mostArrearsNs);
    agent.keptUpNs = Math.min(this.#progressNs, leastNs + catchUpPace * wentOnNs);
    // At least one agent has to determine event time.
    const isLast = this.#active.size === (this.#active.byId.has(agent.id) ? 1 : 0);
    if (agent.keptUpNs + silenceNs < this.#progressNs && !isLast) {
      this.#putToRest(agent);
      return;
    }
    this.#resting.remove(agent);
    this.#active.put(agent);
    this.#leading.raise(agent);
  }

  /** Stops counting agents that have not advanced for long. */
  #rest(): void {
    for (let { oldest } = this.#active; oldest !== undefined; oldest = this.#active.oldest) {
      const isKeepingUp = oldest.keptUpNs + silenceNs >= this.#progressNs;
      if ((isKeepingUp && this.#active.size <= agentLimit) || this.#active.size === 1) return;
      this.#putToRest(oldest);
    }
  }

  #putToRest(agent: AgentTime): void {
    this.#active.remove(agent);
    this.#leading.remove(agent);
    this.#resting.put(agent);
    if (this.#resting.size > restingLimit) this.#resting.remove(this.#resting.oldest!);
  }

  /** Advances event time as far as the agents determine. */
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

  /** An agent that advanced for long while event time stood still determines it from now on. */
  #takeAlong(agent: AgentTime): void {
    if (agent.step !== this.#step) {
      agent.step = this.#step;
      agent.restingNs = agent.timeNs;
    } else if (agent.timeNs < this.nowNs && agent.timeNs - agent.restingNs > patienceNs) {
      agent.timeNs = this.nowNs;
      if (this.#active.byId.has(agent.id)) this.#leading.raise(agent);
    }
  }
}
