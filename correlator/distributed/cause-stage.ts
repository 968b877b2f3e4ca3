/**
 * Distributed correlator, first of two stages: decides causes and links. A pure state machine; its records are spans.
 *
 * Input: SpanBatches, where a partition has whole agents. Output: spans with their causes, to link and send (link-and-send.ts).
 * State: the spans of each partition. Bounds: `lateMs` after a span's arrival, `maxSpans` and `maxBytes` over all.
 *
 * Every span waits for the quiet period, unless a call that it caused is emitted earlier. So the spans of a trace are emitted
 * together, and most links are found without asking the store. If a cause is found later, because a server span came
 * late, the call is emitted again.
 *
 * Results depend on the spans of one partition alone, and each partition has its own time. So the assignment of partitions
 * does not matter. A span stays while others may refer to it, and holds back the low watermark: a restart reads it again.
 */
import type { OutgoingMessage, Position, ReceivedMessage, TopicPartition } from '../../core/bus/bus.ts';
import { decodeValue } from '../../core/codec.ts';
import { refuse } from '../../core/dead-letter.ts';
import { Counters } from '../../core/stage/accounting.ts';
import type { Accounting, Stage } from '../../core/stage/stage.ts';
import type { CorrelatorConfig } from '../config.ts';
import { EventClock } from '../event-time/event-clock.ts';
import { InputOffsets } from '../input-offsets.ts';
import { LocalCauses } from '../local-cause/local-causes.ts';
import { copyOf, readRecordBatch } from '../spans/span-batch-reader.ts';
import type { SpanRecord } from '../spans/span-record.ts';
import { DueQueue } from './due-queue.ts';
import { IdleTime } from './idle-time.ts';
import type { LinkRequest } from './link-request.ts';

/** A span that waits since this event time; a call to be decided. */
interface AskedCall {
  readonly call: SpanRecord;
  readonly sinceNs: number;
}

interface PendingSpan {
  readonly span: SpanRecord;
  readonly arrivedNs: number;
}

/** State of one partition. */
interface PartitionState {
  readonly clock: EventClock;
  /** Spans that become quiet. */
  readonly asked: DueQueue<AskedCall>;
  /** Calls that name a server span that has not arrived. */
  readonly waiting: DueQueue<AskedCall>;
  /** All spans in state, by arrival. */
  readonly buffered: DueQueue<PendingSpan>;
  readonly idle: IdleTime;
  /** Results of messages below were acknowledged before this instance had the partition. */
  emittedBelow: number;
  /** Bytes from there on that the previous owner may have processed without committing. */
  repeatedBytes: number;
}

/** An output: spans to link, a request to check the links of emitted spans, or a message for the bus. */
export type CauseOutput =
  | ({ readonly kind: 'link' } & LinkRequest)
  | { readonly kind: 'relink' }
  | { readonly kind: 'message'; readonly message: OutgoingMessage };

const stageName = 'correlator';
const nsPerMs = 1e6;
/** The time of a partition without messages for this long advances by the wall clock: none of its agents is alive. */
const idleMs = 30_000;
/** Interval at which links are checked although nothing is sent: the store may have lost them. */
const relinkEveryMs = 1_000;
/** More than one poll's bytes: an upper bound of what a crashed instance may have linked without committing. */
const defaultRepeatedBytes = 8 * 2 ** 20;

const sourceKey = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
const byRequest = (left: AskedCall, right: AskedCall): number => left.call.requestEventId - right.call.requestEventId;

/** Restarts the time of a partition without state, as a restart would. */
function resetTime({ clock, asked, waiting }: PartitionState): void {
  clock.reset();
  // The remaining entries wait for spans that were forgotten.
  asked.clear();
  waiting.clear();
}

/** Turns SpanBatches into spans whose causes are known. Its records are spans. */
export class CauseStage implements Stage<CauseOutput> {
  readonly #config: CorrelatorConfig;
  readonly #quietNs: number;
  readonly #causeWaitNs: number;
  readonly #lateNs: number;
  readonly #causes: LocalCauses;
  readonly #offsets = new InputOffsets();
  readonly #partitions = new Map<string, PartitionState>();
  readonly #counters = new Counters(['duplicate'], ['undecodable', 'unknown_schema']);
  readonly #events = { causes_found_late: 0, forgotten_early: 0 };
  #ready: LinkRequest[] = [];
  /** Emitted spans that are not linked in their current form: briefly, or since a restart read them again. */
  readonly #unlinked = new Set<SpanRecord>();
  #arrival = 0;
  #bytes = 0;
  #relinkedMs = 0;
  readonly #repeatedBytes: number;

  /** @param repeatedBytes upper bound of what the previous owner of a partition may have polled at once */
  constructor(config: CorrelatorConfig, repeatedBytes = defaultRepeatedBytes) {
    this.#config = config;
    this.#repeatedBytes = repeatedBytes;
    this.#quietNs = config.quietMs * nsPerMs;
    this.#causes = new LocalCauses(config.minConfidence);
    this.#causeWaitNs = Math.max(config.causeWaitMs, config.quietMs) * nsPerMs;
    this.#lateNs = config.lateMs * nsPerMs;
  }

  process(message: ReceivedMessage, nowMs: number): readonly CauseOutput[] {
    const partition = this.#partition(message);
    partition.idle.end(nowMs);
    if (message.offset >= partition.emittedBelow) partition.repeatedBytes -= message.value.length;
    const origin = this.#offsets.open(message);
    const arrival = ++this.#arrival;
    const kept = { headers: message.headers, value: copyOf(message.value) };
    const decoded = decodeValue('SpanBatch', kept, (reader) => readRecordBatch(reader, origin, arrival));
    if (decoded.kind === 'rejected') {
      const { reason, detail } = decoded;
      const letter = refuse(message, this.#counters, { stage: stageName, reason, detail }, nowMs);
      return [{ kind: 'message', message: letter }];
    }
    if (partition.buffered.length === 0) resetTime(partition);
    partition.clock.observe(decoded.value.agentId, Number(decoded.value.watermarkNs), message);
    this.#take(partition, decoded.value.spans);
    this.#advance(partition, partition.clock.nowNs);
    return this.#takeReady();
  }

  flush(nowMs: number): readonly CauseOutput[] {
    for (const partition of this.#partitions.values()) {
      const idle = partition.idle.look(nowMs);
      if (idle >= idleMs && partition.buffered.length > 0)
        this.#advance(partition, partition.clock.nowNs + idle * nsPerMs);
    }
    const ready = this.#takeReady();
    const isDue = this.#unlinked.size > ready.length || nowMs >= this.#relinkedMs + relinkEveryMs;
    if (!isDue || this.#causes.size === 0) return ready;
    this.#relinkedMs = nowMs;
    return [...ready, { kind: 'relink' }];
  }

  drain(): readonly CauseOutput[] {
    for (const partition of this.#partitions.values()) this.#advance(partition, Infinity);
    return this.#takeReady();
  }

  lowWatermark(source: TopicPartition): number | undefined {
    return this.#offsets.oldest(source);
  }

  assign(positions: readonly Position[]): void {
    for (const position of positions) this.#partition(position).emittedBelow = position.emittedBelow;
  }

  revoke(sources: readonly TopicPartition[]): void {
    for (const source of sources) {
      const partition = this.#partitions.get(sourceKey(source));
      this.#partitions.delete(sourceKey(source));
      this.#ready = this.#ready.filter(({ span }) => !this.#offsets.isFrom(span.origin, source));
      if (partition !== undefined) {
        const spans = [...partition.buffered].map(({ span }) => span);
        this.#counters.drop('revoked', spans.filter((span) => !span.isEmitted).length);
        for (const span of spans) span.released = true;
        for (const span of spans) this.#forget(span);
      }
      this.#offsets.revoke(source);
    }
  }

  accounting(): Accounting {
    const { received, emitted, dropped, rejected, buffered } = this.#counters;
    return { received, emitted, dropped, rejected, buffered, bufferedBytes: this.#bytes };
  }

  /** Counts for metrics, beside the accounting. */
  diagnostics(): Readonly<Record<string, number>> {
    const causes = Object.entries(this.#causes.unknown).map(([reason, count]) => [`cause_${reason}`, count] as const);
    return { ...this.#events, ...Object.fromEntries(causes) };
  }

  /** When the bus accepted the oldest span in state; Infinity when there is none. */
  oldestPendingMs(): number {
    let oldest = Infinity;
    for (const { buffered } of this.#partitions.values())
      oldest = Math.min(oldest, buffered.front?.span.origin.acceptedMs ?? Infinity);
    return oldest;
  }

  /** Emitted spans that are not known to be linked. */
  get unlinked(): ReadonlySet<SpanRecord> {
    return this.#unlinked;
  }

  /** These spans are linked: their component is known. */
  noteLinked(spans: readonly SpanRecord[]): void {
    for (const span of spans) this.#unlinked.delete(span);
  }

  /** Every emitted span in state, in its current form: for a link store that lost its data. */
  *linkedAlready(): Generator<LinkRequest> {
    for (const { buffered } of this.#partitions.values())
      for (const { span } of buffered) if (span.isEmitted) yield { span, cause: span.cause, mayBeKnown: true };
  }

  #partition(source: TopicPartition): PartitionState {
    const key = sourceKey(source);
    let partition = this.#partitions.get(key);
    if (partition === undefined) {
      const [asked, waiting] = [new DueQueue<AskedCall>(), new DueQueue<AskedCall>()];
      const [clock, idle, buffered] = [new EventClock(this.#quietNs), new IdleTime(), new DueQueue<PendingSpan>()];
      partition = { clock, idle, asked, waiting, buffered, emittedBelow: 0, repeatedBytes: this.#repeatedBytes };
      this.#partitions.set(key, partition);
    }
    return partition;
  }

  #take(partition: PartitionState, spans: readonly SpanRecord[]): void {
    const { clock, asked, buffered } = partition;
    const { nowNs } = clock;
    this.#counters.receive(spans.length);
    for (const span of spans) {
      const first = this.#causes.same(span);
      if (first !== undefined) {
        this.#counters.drop('duplicate');
        this.#offsets.repeat(first.origin, span.origin);
        continue;
      }
      for (const call of this.#causes.add(span).unknown) asked.push({ call, sinceNs: nowNs });
      buffered.push({ span, arrivedNs: nowNs });
      span.origin.spansInState++;
      this.#bytes += span.bodyEnd - span.bodyStart;
      asked.push({ call: span, sinceNs: nowNs });
    }
  }

  /** Decides what is due at this event time, forgets what is too old, and keeps state within its bounds. */
  #advance(partition: PartitionState, nowNs: number): void {
    const { asked, waiting, buffered } = partition;
    this.#decide(
      partition,
      [
        ...asked.takeWhile(({ sinceNs }) => sinceNs + this.#quietNs <= nowNs),
        ...waiting.takeWhile(({ sinceNs }) => sinceNs + this.#causeWaitNs <= nowNs),
      ],
      nowNs,
    );
    const isOver = (): boolean => this.#causes.size > this.#config.maxSpans || this.#bytes > this.#config.maxBytes;
    const old = buffered.takeWhile(({ arrivedNs }) => arrivedNs + this.#lateNs <= nowNs).map(({ span }) => span);
    for (const span of old) span.released = true;
    for (const span of old) this.#forget(span);
    for (let { front } = buffered; front !== undefined && isOver(); front = buffered.front) {
      buffered.shift();
      if (!front.span.isEmitted) this.#emit(partition, front.span);
      front.span.released = true;
      this.#forget(front.span);
      this.#events.forgotten_early++;
    }
  }

  #decide(partition: PartitionState, due: AskedCall[], nowNs: number): void {
    const open: AskedCall[] = [];
    for (const asked of due) {
      const { call } = asked;
      if (call.released) continue;
      if (call.role !== 'client' && !call.isEmitted) this.#emit(partition, call);
      else if (call.role !== 'client') continue;
      else if (call.cause === undefined) open.push(asked);
    }
    open.sort(byRequest);
    const decided = new Set<SpanRecord>();
    this.#causes.observe(open.map(({ call }) => call));
    for (const asked of open) {
      const { call, sinceNs } = asked;
      if (call.cause !== undefined) continue;
      const mayWait = sinceNs + this.#causeWaitNs > nowNs;
      const patience = { mayWait, quietNs: this.#quietNs, causeWaitNs: this.#causeWaitNs };
      const decision = this.#causes.decide(call, patience, this.#arrival);
      if (decision.kind === 'wait') partition.waiting.push(asked);
      else if (decision.kind === 'parent' || !call.isEmitted) decided.add(call);
    }
    // Of calls that went out without a parent some may have one now.
    for (const call of this.#causes.findLikelyParents(this.#quietNs)) decided.add(call);
    for (const call of decided) this.#emit(partition, call);
  }

  #emit(partition: PartitionState, span: SpanRecord): void {
    const parent = span.cause?.parent;
    if (parent?.isEmitted === false) this.#emit(partition, parent);
    if (span.isEmitted) this.#events.causes_found_late++;
    else this.#counters.emit();
    // Also if only its cause is new: otherwise no instance would link it after a restart.
    this.#unlinked.add(span);
    span.isEmitted = true;
    this.#ready.push({ span, cause: span.cause, mayBeKnown: partition.repeatedBytes > 0 });
  }

  #takeReady(): readonly CauseOutput[] {
    const ready = this.#ready;
    this.#ready = [];
    return ready.map((request) => ({ kind: 'link', ...request }));
  }

  #forget(span: SpanRecord): void {
    this.#unlinked.delete(span);
    span.origin.spansInState--;
    this.#bytes -= span.bodyEnd - span.bodyStart;
    this.#causes.remove(span);
  }
}
