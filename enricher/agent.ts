import type { EventBatch } from '../schemas/generated/event-batch.ts';
import type { Span } from '../schemas/generated/span.ts';
import type { SpanBatch } from '../schemas/generated/span-batch.ts';
import { AgentClock } from './agent-clock.ts';
import { type AgentParts, AgentState } from './agent-state.ts';
import { LruEntry } from './lru.ts';
import { RecentBatches } from './recent-batches.ts';
import type { TaggedSpan, WaitingSpan } from './tag/waiting-spans.ts';

/**
 * All state of one agent, which is one clock domain. An agent that only sent heartbeats costs a few hundred bytes; the rest is
 * created with its first event.
 */
export class Agent extends LruEntry {
  readonly id: number;
  /** Partition its batches come from. */
  readonly partition: number;
  /** Milliseconds since the Unix epoch of its last message. */
  heardMs = 0;
  /** Batches that it sent so far. */
  batches = 0;
  /** {@link size} when agents.ts counted it last. */
  countedSize = 0;
  private readonly parts: AgentParts;
  private readonly onLate: (agent: Agent) => void;
  private readonly clock = new AgentClock();
  private readonly recent = new RecentBatches();
  private state: AgentState | undefined;
  private spans: Span[] = [];
  /** Spans to emit between batches. */
  private lateSpans: Span[] = [];
  /** The bus's timestamp of the current batch, if it is read again and its results are suppressed. */
  private repeatedMs: number | undefined;
  private watermarkNs = 0n;

  /** @param onLate called with the agent when it has spans to emit between batches */
  constructor(id: number, partition: number, parts: AgentParts, onLate: (agent: Agent) => void = () => undefined) {
    super();
    this.id = id;
    this.partition = partition;
    this.parts = parts;
    this.onLate = onLate;
  }

  /**
   * Processes one batch and returns the spans that ended with it.
   *
   * @param repeatedMs when the bus accepted it, for a batch whose spans were emitted before
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
    // It steps back if the host's clock was set back: the correlator has to see that.
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

  /** Number of its entries: sockets, open requests, contexts, processes and waiting spans. */
  get size(): number {
    return this.state?.size ?? 0;
  }

  /** Forgets the oldest entries, until at most this fraction of them is left. */
  shrink(part: number): void {
    this.state?.shrink(part, this.lateSpans);
    if (this.lateSpans.length > 0) this.onLate(this);
  }

  /** Newest event time, in Unix nanoseconds. */
  get timeNs(): bigint {
    return this.watermarkNs;
  }

  /** A resource was learned that a span waited for. */
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
    // Before the restart its pod may have been unknown, so that it waited and was not emitted then.
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
