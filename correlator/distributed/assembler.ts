/**
 * The second half of a correlator that shares its work with others: spans of whole components in, traces out. A
 * component is assembled when no span of it came for a while; late spans and causes make a new revision. When a
 * component turns out to be part of another, its spans are sent on to whoever has that one.
 *
 * When things come decides which revisions there are, not what the last one is: the tree and the id of a trace follow
 * from its spans alone. If more spans give a trace another id, the former one is told to be merged into it; so that this
 * is known after a restart too, every id goes to the topic `linked` before it goes out as a trace.
 *
 * Time is when the bus accepted the messages of a partition, so reading again does the same. A partition where nothing
 * comes goes on by the wall clock.
 */
import type { OutgoingMessage, Position, ReceivedMessage, TopicPartition } from '../../core/bus/bus.ts';
import { decodeValue } from '../../core/codec.ts';
import { refuse } from '../../core/dead-letter.ts';
import { Counters } from '../../core/stage/accounting.ts';
import type { Accounting, Stage } from '../../core/stage/stage.ts';
import type { ComponentName } from '../../schemas/generated/linked-batch.ts';
import { assembleTrace } from '../assemble/assemble-trace.ts';
import { carriedTraceId, derivedTraceId } from '../assemble/trace-identity.ts';
import { traceMessage, writeAssembledTrace, writeMergedTrace } from '../assemble/write-trace.ts';
import type { CorrelatorConfig } from '../config.ts';
import { HeldOffsets } from '../held-offsets.ts';
import { copyOf } from '../span-batch-reader.ts';
import type { SpanRecord } from '../span-record.ts';
import { type Group, revisionOf } from './group.ts';
import { type GroupBounds, Groups } from './groups.ts';
import { IdleTime } from './idle-time.ts';
import { linkedMessages, readLinkedRecords } from './linked-message.ts';

const stageName = 'correlator';

/** How often components that never become quiet are looked for. */
const searchEveryMs = 1_000;

/** One partition and its time. */
interface PartitionState {
  readonly groups: Groups;
  clockMs: number;
  readonly idle: IdleTime;
  /** Messages below this offset are read again after a restart; 0 once that is over. */
  readAgainBelow: number;
  /** When components that never become quiet were last looked for. */
  searchedMs: number;
}

/** What one call gives. */
interface Outputs {
  readonly names: ComponentName[];
  readonly traces: OutgoingMessage[];
}

/** Turns LinkedBatches into Traces. Its records are spans. */
export class Assembler implements Stage<OutgoingMessage> {
  readonly #config: CorrelatorConfig;
  readonly #bounds: GroupBounds;
  readonly #offsets = new HeldOffsets();
  readonly #partitions = new Map<string, PartitionState>();
  readonly #counters = new Counters(['duplicate'], ['undecodable', 'unknown_schema']);
  readonly #events = { revisions: 0, merged: 0, moved_on: 0, cycles_broken: 0, forgotten_early: 0 };
  #arrival = 0;

  constructor(config: CorrelatorConfig) {
    this.#config = config;
    this.#bounds = { maxTraceSpans: config.maxTraceSpans, redirectMs: 2 * config.lateMs + config.maxOpenMs };
  }

  process(message: ReceivedMessage, nowMs: number): readonly OutgoingMessage[] {
    const partition = this.#partition(message);
    partition.idle.end(nowMs);
    if (message.offset + 1 >= partition.readAgainBelow) partition.readAgainBelow = 0;
    partition.clockMs = Math.max(partition.clockMs, message.timestampMs);
    const { groups, clockMs } = partition;
    const outputs: Outputs = { names: [], traces: [] };
    this.#advance(partition, clockMs, outputs);
    const origin = this.#offsets.open(message);
    const arrival = ++this.#arrival;
    const kept = { headers: message.headers, value: copyOf(message.value) };
    const decoded = decodeValue('LinkedBatch', kept, (reader) => readLinkedRecords(reader, () => origin, arrival));
    if (decoded.kind === 'rejected') {
      const { reason, detail } = decoded;
      const refused = refuse(message, this.#counters, { stage: stageName, reason, detail }, nowMs);
      return [...messagesOf(partition, outputs), refused];
    }
    const { spans, moves, names } = decoded.value;
    this.#counters.receive(spans.length);
    for (const span of spans) {
      const taken = groups.take(span, clockMs);
      if (taken === 'known') this.#counters.drop('duplicate');
      else if (taken === 'moved') this.#counters.emit();
    }
    for (const name of names) groups.takeName(name, origin, clockMs);
    for (const move of moves) {
      this.#counters.emit(groups.move(move, origin, clockMs));
      this.#events.moved_on++;
    }
    this.#shrink(partition, outputs);
    return messagesOf(partition, outputs);
  }

  flush(nowMs: number): readonly OutgoingMessage[] {
    // While messages are read again, components that were forgotten come back without some of their spans. They must be
    // forgotten again, by the time of the messages, before anything can go out by the wall clock.
    return this.#advanceAll(({ clockMs, idle, readAgainBelow }) =>
      readAgainBelow > 0 ? clockMs : clockMs + idle.look(nowMs),
    );
  }

  drain(): readonly OutgoingMessage[] {
    return this.#advanceAll(() => Infinity);
  }

  heldFrom(source: TopicPartition): number | undefined {
    return this.#offsets.oldest(source);
  }

  assign(positions: readonly Position[]): void {
    for (const position of positions)
      if (position.emittedBelow > position.offset) this.#partition(position).readAgainBelow = position.emittedBelow;
  }

  revoke(sources: readonly TopicPartition[]): void {
    for (const source of sources) {
      const partition = this.#partitions.get(sourceKey(source));
      this.#partitions.delete(sourceKey(source));
      this.#offsets.revoke(source);
      if (partition === undefined) continue;
      let unemitted = 0;
      for (const group of partition.groups.all()) unemitted += group.spans.unemitted;
      this.#counters.drop('revoked', unemitted);
    }
  }

  accounting(): Accounting {
    const { received, emitted, dropped, rejected, held } = this.#counters;
    return { received, emitted, dropped, rejected, held, heldBytes: this.#sizes().bytes };
  }

  /** Counts for metrics, beside the accounting. */
  diagnostics(): Readonly<Record<string, number>> {
    return this.#events;
  }

  #partition(source: TopicPartition): PartitionState {
    let partition = this.#partitions.get(sourceKey(source));
    if (partition === undefined) {
      const [groups, idle] = [new Groups(this.#bounds), new IdleTime()];
      partition = { groups, idle, readAgainBelow: 0, clockMs: 0, searchedMs: 0 };
      this.#partitions.set(sourceKey(source), partition);
    }
    return partition;
  }

  #advanceAll(timeOf: (partition: PartitionState) => number): readonly OutgoingMessage[] {
    const messages: OutgoingMessage[] = [];
    for (const partition of this.#partitions.values()) {
      const outputs: Outputs = { names: [], traces: [] };
      this.#advance(partition, timeOf(partition), outputs);
      messages.push(...messagesOf(partition, outputs));
    }
    return messages;
  }

  /** What is in state. */
  #sizes(): { readonly spans: number; readonly bytes: number } {
    let spans = 0;
    let bytes = 0;
    for (const { groups } of this.#partitions.values()) {
      spans += groups.spans;
      bytes += groups.bytes;
    }
    return { spans, bytes };
  }

  /** Emits what has become due, and forgets what is too old. */
  #advance(partition: PartitionState, nowMs: number, outputs: Outputs): void {
    const { groups } = partition;
    const { quietMs, lateMs } = this.#config;
    for (const group of groups.due(groups.open, ({ touchedMs }) => touchedMs + quietMs <= nowMs))
      this.#emit(groups, group, outputs);
    if (nowMs >= partition.searchedMs + searchEveryMs) {
      partition.searchedMs = nowMs;
      this.#emitRestless(groups, nowMs, outputs);
    }
    for (const group of groups.due(groups.emitted, ({ touchedMs }) => touchedMs + lateMs <= nowMs))
      groups.forget(group);
    groups.forgetRedirects(nowMs);
  }

  /** Emits components that never become quiet. */
  #emitRestless(groups: Groups, nowMs: number, outputs: Outputs): void {
    for (const group of [...groups.open.values()]) {
      if (group.changedMs + this.#config.maxOpenMs > nowMs) continue;
      groups.open.delete(group.id);
      this.#emit(groups, group, outputs);
    }
  }

  /** Keeps state within its bounds. */
  #shrink({ groups }: PartitionState, outputs: Outputs): void {
    const { maxSpans, maxBytes } = this.#config;
    const isOver = (): boolean => {
      const { spans, bytes } = this.#sizes();
      return spans > maxSpans || bytes > maxBytes;
    };
    while (isOver()) {
      const [oldest] = groups.emitted.size > 0 ? groups.emitted.values() : groups.open.values();
      if (oldest === undefined) return;
      if (groups.open.has(oldest.id)) this.#emit(groups, oldest, outputs);
      groups.forget(oldest);
      this.#events.forgotten_early++;
    }
  }

  #emit(groups: Groups, group: Group, { names, traces }: Outputs): void {
    groups.emitted.set(group.id, group);
    const revision = revisionOf(group);
    const told = [...group.names.keys()];
    if (group.spans.size === 0) return;
    if (group.emitted?.revision === revision && told.every((name) => name === group.emitted?.traceId)) return;
    const assembled = assembleTrace(membersOf(group));
    const traceId = derivedTraceId(assembled.spans[0]!);
    if (group.emitted?.traceId !== traceId && !group.names.has(traceId)) names.push({ componentId: group.id, traceId });
    const head = { traceId, revision, carriedTraceId: carriedTraceId(assembled.spans) };
    traces.push(traceMessage(traceId, writeAssembledTrace(head, assembled)));
    for (const former of new Set([...told, ...(group.emitted === undefined ? [] : [group.emitted.traceId])])) {
      if (former === traceId) continue;
      traces.push(traceMessage(former, writeMergedTrace({ traceId: former, revision }, traceId)));
      this.#events.merged++;
    }
    let count = 0;
    for (const span of assembled.spans) {
      if (!span.isEmitted) count++;
      span.isEmitted = true;
    }
    this.#counters.emit(count);
    this.#events.cycles_broken += assembled.brokenCycles;
    if (group.emitted !== undefined) this.#events.revisions++;
    group.emitted = { traceId, revision };
    group.spans.pack();
  }
}

const sourceKey = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

/** The spans of a component, with their causes where these are in it. */
function membersOf(group: Group): readonly SpanRecord[] {
  const members: SpanRecord[] = [];
  for (const { span, cause } of group.spans.values()) {
    const parent = span.role === 'application' ? undefined : group.spans.get(cause.parentSpanId)?.span;
    span.cause = parent === undefined ? undefined : { parent, reason: cause.reason, confidence: cause.confidence };
    members.push(span);
  }
  return members;
}

/** Messages in the order in which they have to be stored. */
function messagesOf({ groups }: PartitionState, { names, traces }: Outputs): readonly OutgoingMessage[] {
  const moving = groups.takeMoving();
  return [...linkedMessages({ ...moving, names: [...moving.names, ...names] }), ...traces];
}
