import { countReportedSpans } from '../opentelemetry/reported-span.ts';
import type { EventBatch } from '../schemas/generated/event-batch.ts';
import { AgentClock } from './agent-clock.ts';
import type { AgentParts } from './agent-parts.ts';
import { RecentBatches } from './recent-batches.ts';
import type { SourceState } from './source-state.ts';
import type { TaggedSides } from './tag/tagger.ts';
import { type TaggedRecord, type WaitingOwner, type WaitingRecord, WaitingRecords } from './tag/waiting-records.ts';

/** Receives the records of a source that end. */
export interface SourceOutput {
  /** Resolves the sides of a record with what is known now. */
  tagAnew(tagged: TaggedRecord): TaggedSides;
  /** One that has the tags that are known. */
  emit(tagged: TaggedRecord): void;
  /** One that has waited for tags. `isLate`: between batches. */
  release(tagged: TaggedRecord, isLate: boolean): void;
}

/** Records of a batch: of each source only those of its own kind are there. */
function recordsOf({ events, segments, flows, reportedSpans }: EventBatch): number {
  let records = events.length + segments.length + flows.length;
  for (const { resourceSpans } of reportedSpans) records += countReportedSpans(resourceSpans);
  return records;
}

/**
 * One source of an agent: its sequence of batches, its clock, what it has buffered, and which of its records wait for tags. What
 * befalls one source (losses, repetitions, a gap) does not concern the other.
 */
export class AgentSource implements WaitingOwner {
  readonly clock = new AgentClock();
  /** The clock of the agent's other source when this one was heard last. */
  otherClockNs = Number.POSITIVE_INFINITY;
  private readonly parts: AgentParts;
  private readonly output: SourceOutput;
  private readonly recent = new RecentBatches();
  private readonly createState: (emit: (tagged: TaggedRecord) => void) => SourceState;
  private readonly waiting: WaitingRecords;
  /** From the first batch with content on. */
  private state: SourceState | undefined;

  constructor(
    parts: AgentParts,
    output: SourceOutput,
    createState: (emit: (tagged: TaggedRecord) => void) => SourceState,
  ) {
    this.parts = parts;
    this.output = output;
    this.createState = createState;
    this.waiting = new WaitingRecords(parts.config, parts.waitingIndex, parts.tagCounts, this);
  }

  /**
   * Processes one batch of it; false for one that was processed before.
   *
   * @param acceptedMs when the bus accepted it; 0 where that is not known
   */
  process(batch: EventBatch, offset: number, acceptedMs: number): boolean {
    const { sequence, baseTimeNs, baseMonotonicNs, untilOffsetNs, losses } = batch;
    const records = recordsOf(batch);
    const { counters } = this.parts;
    counters.receive(records);
    if (this.recent.isRepeated(batch)) {
      counters.drop('duplicate', records);
      return false;
    }
    const { clock } = this;
    const times = { sequence, untilNs: baseMonotonicNs + untilOffsetNs, acceptedMs };
    const { isGap, isBelieved } = clock.judge(times);
    if (records > 0 || batch.processes.length > 0 || batch.interfaces.length > 0)
      this.state ??= this.createState((tagged) => {
        this.take(tagged);
      });
    const { state } = this;
    if (losses.length > 0 || isGap) state?.lost(isBelieved ? times.untilNs : clock.untilNs);
    state?.process(batch, { offset, baseTimeNs, baseMonotonicNs }, acceptedMs);
    if (!isBelieved) return true;
    if (clock.advance(times)) state?.pairing?.clockWentBack(clock.untilNs);
    state?.pairing?.giveUp(clock.untilNs);
    for (const { tagged } of this.waiting.due(clock.untilNs)) this.output.release(tagged, false);
    return true;
  }

  /** Ends everything that is open, and all waiting for tags. */
  end(): void {
    this.state?.pairing?.drain(this.clock.untilNs);
    for (const { tagged } of this.waiting.drain()) this.output.release(tagged, false);
  }

  /** A resource was learned that a record waited for. */
  wake(waiting: WaitingRecord): void {
    const sides = this.output.tagAnew(waiting.tagged);
    if (sides.awaited.length > 0) {
      this.waiting.update(waiting, sides);
      return;
    }
    this.waiting.takeOut(waiting);
    this.waiting.found(waiting);
    this.output.release(waiting.tagged, true);
  }

  /** Counts what is buffered as revoked: another instance reads it again. */
  revoke(): void {
    this.state?.pairing?.revoke();
    for (const { tagged } of this.waiting.drain()) this.parts.counters.drop('revoked', tagged.events);
  }

  /** Offset of the oldest batch that something buffered came from. */
  get lowWatermark(): number | undefined {
    const open = this.state?.pairing?.expiring.oldestOffset;
    const waiting = this.waiting.oldestOffset;
    return open === undefined || waiting === undefined ? (open ?? waiting) : Math.min(open, waiting);
  }

  /** Number of its entries. */
  get size(): number {
    return (this.state?.size ?? 0) + this.waiting.size;
  }

  /** Forgets the oldest entries, until at most this fraction of them is left; what waits for tags is emitted. */
  shrink(part: number): void {
    this.state?.shrink(part);
    for (const { tagged } of this.waiting.shrink(part)) this.output.release(tagged, true);
  }

  private take(tagged: TaggedRecord): void {
    if (!this.waiting.takeIn(tagged, this.clock.untilNs)) this.output.emit(tagged);
  }
}
