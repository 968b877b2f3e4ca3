import type { CaptureSource, EventBatch } from '../schemas/generated/event-batch.ts';
import type { AgentParts } from './agent-parts.ts';
import { AgentSource, type SourceOutput } from './agent-source.ts';
import { AgentWatermark } from './agent-watermark.ts';
import { type AgentOutput, FinishedRecords } from './finished-records.ts';
import { LruEntry } from './lru.ts';
import { Interfaces } from './packets/interfaces.ts';
import { PacketState } from './packets/packet-state.ts';
import { ReportedState } from './reported/reported-state.ts';
import { SocketState } from './socket-state.ts';
import type { SourceState } from './source-state.ts';
import type { TaggedSides, Tagger } from './tag/tagger.ts';
import type { TaggedRecord } from './tag/waiting-records.ts';

/** Progress of an agent's clock by another source after which one that is not heard does not hold the event time any more. */
const heldSilenceNs = 5_000_000_000;
/** The same progress after which what it left open ends, as after silence of the agent. */
const openSilenceNs = 60_000_000_000;

/**
 * All state of one agent, which is one clock domain. An agent that only sent heartbeats costs a few hundred bytes; the rest is
 * created with its first event.
 */
export class Agent extends LruEntry implements SourceOutput {
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
  private readonly sources = new Map<CaptureSource, AgentSource>();
  private readonly watermark = new AgentWatermark();
  private sharedTagger: Tagger | undefined;
  private sharedInterfaces: Interfaces | undefined;
  private readonly ready = new FinishedRecords();
  /** Records to emit between batches. */
  private readonly late = new FinishedRecords();
  /** The bus's timestamp of the current batch, if it is read again and its results are suppressed. */
  private repeatedMs: number | undefined;

  /** @param onLate called with the agent when it has records to emit between batches */
  constructor(id: number, partition: number, parts: AgentParts, onLate: (agent: Agent) => void = () => undefined) {
    super();
    this.id = id;
    this.partition = partition;
    this.parts = parts;
    this.onLate = onLate;
  }

  /**
   * Processes one batch and returns the records that ended with it.
   *
   * @param repeatedMs when the bus accepted it, for a batch whose results were emitted before
   * @param acceptedMs when the bus accepted it; 0 where that is not known
   */
  process(batch: EventBatch, offset: number, repeatedMs?: number, acceptedMs = 0): AgentOutput {
    this.repeatedMs = repeatedMs;
    this.batches++;
    const source = this.sourceOf(batch.source);
    if (source.process(batch, offset, acceptedMs)) {
      this.endSilentSources(source);
      this.watermark.observe(batch.source, batch.baseTimeNs + BigInt(batch.untilOffsetNs));
    }
    return this.ready.take(this.id, this.timeNs);
  }

  /** Ends everything that is open. */
  drain(): AgentOutput {
    for (const source of this.sources.values()) source.end();
    this.ready.takeOver(this.late);
    return this.ready.take(this.id, this.timeNs);
  }

  /** Offset of the oldest batch that something buffered came from. */
  get lowWatermark(): number | undefined {
    let oldest: number | undefined;
    for (const { lowWatermark } of this.sources.values())
      if (lowWatermark !== undefined && (oldest === undefined || lowWatermark < oldest)) oldest = lowWatermark;
    return oldest;
  }

  /** Number of its entries: sockets, flows, open requests, contexts, processes, interfaces and waiting records. */
  get size(): number {
    let size = this.sharedTagger?.size ?? 0;
    for (const source of this.sources.values()) size += source.size;
    return size;
  }

  /** Forgets the oldest entries, until at most this fraction of them is left. */
  shrink(part: number): void {
    for (const source of this.sources.values()) source.shrink(part);
    this.sharedTagger?.shrink(part);
  }

  /** Newest event time, in Unix nanoseconds. */
  get timeNs(): bigint {
    return this.watermark.timeNs;
  }

  /** Records that are ready since the last batch; undefined when there are none. */
  takeLate(): AgentOutput | undefined {
    return this.late.isEmpty ? undefined : this.late.take(this.id, this.timeNs);
  }

  /** Counts what is buffered as revoked: another instance reads it again. */
  revoke(): void {
    for (const source of this.sources.values()) source.revoke();
  }

  emit(tagged: TaggedRecord): void {
    this.parts.counters.emit(tagged.events);
    const { acceptedMs } = tagged.sides;
    // Before the restart its pod may have been unknown, so that it waited and was not emitted then.
    const mayHaveWaited = this.repeatedMs !== undefined && acceptedMs !== 0 && acceptedMs + 60_000 > this.repeatedMs;
    if (!mayHaveWaited) {
      this.ready.add(tagged);
      return;
    }
    this.late.add(tagged);
    this.onLate(this);
  }

  release(tagged: TaggedRecord, isLate: boolean): void {
    this.parts.counters.emit(tagged.events);
    (isLate ? this.late : this.ready).addTaggedAnew(tagged, this.tagAnew(tagged));
    if (isLate) this.onLate(this);
  }

  tagAnew({ question }: TaggedRecord): TaggedSides {
    return this.tagger.tag(question);
  }

  private get tagger(): Tagger {
    return (this.sharedTagger ??= this.parts.tagger(this.id));
  }

  private get interfaces(): Interfaces {
    return (this.sharedInterfaces ??= new Interfaces());
  }

  private sourceOf(name: CaptureSource): AgentSource {
    let source = this.sources.get(name);
    if (source !== undefined) return source;
    source = new AgentSource(this.parts, this, (emit) => this.stateOf(name, emit));
    this.sources.set(name, source);
    return source;
  }

  private stateOf(name: CaptureSource, emit: (tagged: TaggedRecord) => void): SourceState {
    const { id, parts } = this;
    if (name === 'applications') return new ReportedState(id, this.tagger, parts.counters, emit);
    const State = name === 'packets' ? PacketState : SocketState;
    return new State(id, this.tagger, this.interfaces, parts, emit);
  }

  /** A source that is not heard while this one goes on must neither hold up time nor keep what it left open for ever. */
  private endSilentSources(heard: AgentSource): void {
    for (const [name, other] of this.sources) {
      if (other === heard) continue;
      heard.otherClockNs = other.clock.untilNs;
      // Less when the clock stepped back, and when this source was not there before.
      other.otherClockNs = Math.min(other.otherClockNs, heard.clock.untilNs);
      const silenceNs = heard.clock.untilNs - other.otherClockNs;
      if (silenceNs > heldSilenceNs) this.watermark.leaveOut(name);
      if (silenceNs <= openSilenceNs) continue;
      other.otherClockNs = heard.clock.untilNs;
      other.end();
    }
  }
}
