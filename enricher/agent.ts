import type { EventBatch } from '../schemas/generated/event-batch.ts';
import type { Span } from '../schemas/generated/span.ts';
import type { SpanBatch } from '../schemas/generated/span-batch.ts';
import { AgentClock } from './agent-clock.ts';
import { type AgentParts, AgentState } from './agent-state.ts';
import { LruEntry } from './lru.ts';
import { RecentBatches } from './recent-batches.ts';
import type { TaggedSpan, WaitingSpan } from './tag/waiting-spans.ts';

/**
 * Everything that is kept of one agent: the clock domain in which all of the enricher's work happens. One that only sent
 * heartbeats costs a few hundred bytes: the rest comes with its first event.
 */
export class Agent extends LruEntry {
  readonly id: number;
  /** Partition its batches come from. */
  readonly partition: number;
  /** Milliseconds since the Unix epoch at which it was heard of last. */
  heardMs = 0;
  /** Batches that it sent so far. */
  batches = 0;
  /** {@link size} as it was counted last, by whoever counts. */
  countedSize = 0;
  private readonly parts: AgentParts;
  private readonly onLate: (agent: Agent) => void;
  private readonly clock = new AgentClock();
  private readonly recent = new RecentBatches();
  private state: AgentState | undefined;
  private spans: Span[] = [];
  /** Spans that go out between batches. */
  private lateSpans: Span[] = [];
  /** The batch in hand is read again, and what comes of it is suppressed; the bus accepted it then. */
  private repeatedMs: number | undefined;
  private watermarkNs = 0n;

  /** @param onLate takes the agent when it has spans that go out between batches */
  constructor(id: number, partition: number, parts: AgentParts, onLate: (agent: Agent) => void = () => undefined) {
    super();
    this.id = id;
    this.partition = partition;
    this.parts = parts;
    this.onLate = onLate;
  }

  /**
   * Works off one batch and returns the spans that ended with it.
   *
   * @param repeatedMs when the bus accepted it, of a batch of which the spans went out before
   * @param acceptedMs when the bus accepted it; 0 where that is not known
   */
  process(batch: EventBatch, offset: number, repeatedMs?: number, acceptedMs = 0): SpanBatch {
    this.repeatedMs = repeatedMs;
    this.batches++;
    const { events, baseTimeNs, baseMonotonicNs, untilOffsetNs, losses } = batch;
    const { counters } = this.parts;
    counters.receive(events.length);
    if (this.recent.isRepeated(batch)) {
      counters.drop('duplicate', events.length);
      return this.takeSpans();
    }
    const { clock } = this;
    const times = { sequence: batch.sequence, untilNs: baseMonotonicNs + untilOffsetNs, acceptedMs };
    const { isGap, isBelieved } = clock.judge(times);
    if (events.length > 0 || batch.processes.length > 0) this.state ??= this.newState();
    const { state } = this;
    if (losses.length > 0 || isGap) state?.lost(isBelieved ? times.untilNs : clock.untilNs);
    state?.process(batch, { offset, baseTimeNs, baseMonotonicNs });
    if (isBelieved) {
      if (clock.advance(times)) state?.clockWentBack(clock.untilNs);
      state?.giveUp(clock.untilNs, this.spans);
    }
    // It goes back where the clock of the host was set back: the correlator has to see that.
    this.watermarkNs = baseTimeNs + BigInt(untilOffsetNs);
    return this.takeSpans();
  }

  /** Ends everything that is open. */
  drain(): SpanBatch {
    const { state } = this;
    state?.endOpen(this.clock.untilNs);
    this.spans.push(...this.lateSpans.splice(0));
    state?.endWaiting(this.spans);
    return this.takeSpans();
  }

  /** Offset of the oldest batch that something buffered came from. */
  get lowWatermark(): number | undefined {
    return this.state?.lowWatermark;
  }

  /** How many things are kept of it: sockets, open requests, contexts, processes, and spans that wait. */
  get size(): number {
    return this.state?.size ?? 0;
  }

  /** Forgets the oldest of what is kept, until no more than this part of it is left. */
  shrink(part: number): void {
    this.state?.shrink(part, this.lateSpans);
    if (this.lateSpans.length > 0) this.onLate(this);
  }

  /** Newest event time, in Unix nanoseconds. */
  get timeNs(): bigint {
    return this.watermarkNs;
  }

  /** Something was learned that a span waited for. */
  wake(waiting: WaitingSpan): void {
    this.state?.wake(waiting, this.lateSpans);
    if (this.lateSpans.length > 0) this.onLate(this);
  }

  /** Spans that are ready since the last batch; undefined when there are none. */
  takeLate(): SpanBatch | undefined {
    if (this.lateSpans.length === 0) return undefined;
    const spans = this.lateSpans;
    this.lateSpans = [];
    return { agentId: this.id, watermarkNs: this.watermarkNs, spans };
  }

  /** Counts what is buffered as revoked: another instance reads it again. */
  revoke(): void {
    this.state?.revoke();
  }

  private newState(): AgentState {
    return new AgentState(this, this.parts, (tagged) => {
      this.take(tagged);
    });
  }

  private take(tagged: TaggedSpan): void {
    if (this.state!.takeIn(tagged, this.clock.untilNs)) return;
    this.parts.counters.emit(tagged.events);
    const { acceptedMs } = tagged.sides;
    // Before the restart its pod was perhaps not known, so that it waited, and is not among what went out then.
    const mayHaveWaited = this.repeatedMs !== undefined && acceptedMs !== 0 && acceptedMs + 60_000 > this.repeatedMs;
    if (!mayHaveWaited) {
      this.spans.push(tagged.span);
      return;
    }
    this.lateSpans.push(tagged.span);
    this.onLate(this);
  }

  private takeSpans(): SpanBatch {
    const { spans } = this;
    this.spans = [];
    return { agentId: this.id, watermarkNs: this.watermarkNs, spans };
  }
}
