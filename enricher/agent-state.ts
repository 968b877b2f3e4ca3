import type { Counters } from '../core/stage/accounting.ts';
import type { Dissector } from '../protocols/dissection/dissector.ts';
import type { EventBatch, ProcessFacts, SocketEvent } from '../schemas/generated/event-batch.ts';
import type { Span } from '../schemas/generated/span.ts';
import { Causality } from './causality/causality.ts';
import { CausalityListener } from './causality/causality-listener.ts';
import type { EnricherConfig } from './config.ts';
import { LruEntry, LruMap } from './lru.ts';
import type { DropReason, EnricherRejectReason } from './outcomes.ts';
import type { BatchClock } from './pair/event-ref.ts';
import { Pairing } from './pair/pairing.ts';
import { SpanBuilder } from './pair/span-builder.ts';
import { SocketEvents } from './socket-events.ts';
import { SpanIds } from './span-id.ts';
import type { TagCounts } from './tag/tag-counts.ts';
import type { Tagger } from './tag/tagger.ts';
import {
  type TaggedSpan,
  type WaitingIndex,
  type WaitingOwner,
  type WaitingSpan,
  WaitingSpans,
} from './tag/waiting-spans.ts';

const maxStartTimes = 65_536;

/** What the agents of an enricher share. */
export interface AgentParts {
  readonly config: EnricherConfig;
  readonly dissectors: readonly Dissector[];
  readonly tagger: () => Tagger;
  readonly counters: Counters<DropReason, EnricherRejectReason>;
  readonly waitingIndex: WaitingIndex;
  readonly tagCounts: TagCounts;
}

class StartTime extends LruEntry {
  startTimeNs: bigint;

  constructor(startTimeNs: bigint) {
    super();
    this.startTimeNs = startTimeNs;
  }
}

/** State of an agent that follows from its events and process facts. It exists from the first event on. */
export class AgentState {
  private readonly parts: AgentParts;
  private readonly tagger: Tagger;
  private readonly causality: Causality;
  private readonly pairing: Pairing;
  private readonly socketEvents: SocketEvents;
  private readonly waiting: WaitingSpans;
  private readonly startTimes = new LruMap<number, StartTime>(maxStartTimes, () => undefined);

  /** @param emit receives finished spans, and passes those that wait for a resource to {@link takeIn} */
  constructor(owner: WaitingOwner & { readonly id: number }, parts: AgentParts, emit: (tagged: TaggedSpan) => void) {
    const { config, dissectors, counters } = parts;
    const { id } = owner;
    this.parts = parts;
    this.tagger = parts.tagger();
    this.waiting = new WaitingSpans(config, parts.waitingIndex, parts.tagCounts, owner);
    this.causality = new Causality(config.maxContexts);
    const listener = new CausalityListener(this.causality);
    this.pairing = new Pairing({
      dissectors,
      listener,
      spanIds: new SpanIds(id),
      spans: new SpanBuilder(id, this.tagger),
      counters,
      limits: config,
      emit,
    });
    this.socketEvents = new SocketEvents(this.pairing, listener, counters);
  }

  process({ processes, events }: EventBatch, clock: BatchClock): void {
    this.learn(processes);
    for (const event of inOrder(events)) this.socketEvents.take(event, clock);
  }

  /** Events were lost, perhaps until then. */
  lost(untilNs: number): void {
    this.causality.forget();
    this.pairing.lost(untilNs);
  }

  /** The agent's clock stepped back: its host was rebooted. */
  clockWentBack(nowNs: number): void {
    this.pairing.clockWentBack(nowNs);
  }

  /** Ends what waited long enough by the agent's clock. */
  giveUp(nowNs: number, to: Span[]): void {
    this.pairing.giveUp(nowNs);
    for (const waiting of this.waiting.due(nowNs)) this.release(waiting, to);
  }

  /** Ends all open requests. */
  endOpen(nowNs: number): void {
    this.pairing.drain(nowNs);
  }

  /** Releases all spans that wait for a resource. */
  endWaiting(to: Span[]): void {
    for (const waiting of this.waiting.drain()) this.release(waiting, to);
  }

  /** Whether a finished span waits for a resource from now on. */
  takeIn(tagged: TaggedSpan, nowNs: number): boolean {
    return this.waiting.takeIn(tagged, nowNs);
  }

  /** A resource was learned that a span waited for. */
  wake(waiting: WaitingSpan, to: Span[]): void {
    const sides = this.tagger.tag(waiting.question);
    if (sides.awaited.length > 0) {
      this.waiting.update(waiting, sides);
      return;
    }
    this.waiting.takeOut(waiting);
    this.waiting.found(waiting);
    this.release(waiting, to);
  }

  revoke(): void {
    this.pairing.revoke();
    for (const { events } of this.waiting.drain()) this.parts.counters.drop('revoked', events);
  }

  get lowWatermark(): number | undefined {
    const open = this.pairing.expiring.oldestOffset;
    const waiting = this.waiting.oldestOffset;
    return open === undefined || waiting === undefined ? (open ?? waiting) : Math.min(open, waiting);
  }

  get size(): number {
    const { pairing, causality, tagger, startTimes, waiting } = this;
    return pairing.size + causality.size + tagger.size + startTimes.size + waiting.size;
  }

  /** See `Agent.shrink`; waiting spans are emitted. */
  shrink(part: number, to: Span[]): void {
    this.pairing.shrink(part);
    this.causality.shrink(part);
    this.tagger.shrink(part);
    this.startTimes.shrinkTo(Math.floor(this.startTimes.size * part));
    for (const waiting of this.waiting.shrink(part)) this.release(waiting, to);
  }

  /** Emits a span that no longer waits, with the tags that are known now. */
  private release({ span, question, events }: WaitingSpan, to: Span[]): void {
    const { local, peer } = this.tagger.tag(question);
    this.parts.counters.emit(events);
    to.push({ ...span, client: question.isServer ? peer : local, server: question.isServer ? local : peer });
  }

  private learn(processes: readonly ProcessFacts[]): void {
    if (processes.length === 0) return;
    this.tagger.learn(processes);
    for (const { processId, startTimeNs } of processes) {
      const before = this.startTimes.get(processId);
      if (before === undefined) this.startTimes.add(processId, new StartTime(startTimeNs));
      else if (before.startTimeNs !== startTimeNs) {
        this.causality.restarted(processId);
        before.startTimeNs = startTimeNs;
      }
    }
  }
}

/**
 * Sorts events by id. An id is assigned when a write begins and when a read ends, so ids are in the order of cause and effect.
 * But events are sent when calls return: one thread may send the response's event before another has returned from
 * writing the request.
 */
function inOrder(events: readonly SocketEvent[]): readonly SocketEvent[] {
  for (let index = 1; index < events.length; index++)
    if (events[index]!.id < events[index - 1]!.id) return [...events].sort((one, other) => one.id - other.id);
  return events;
}
