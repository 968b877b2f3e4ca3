/**
 * Distributed correlator, second of two stages: assembles traces. A pure state machine; its records are spans.
 *
 * Input: LinkedBatches, where a partition has whole components. Output: Traces, and LinkedBatches for components that moved.
 * State: components per partition. Bounds: `lateMs` after a component's last span, `maxSpans` and `maxBytes` over all,
 * `maxTraceSpans` per component.
 *
 * It assembles a component when no span of it arrived for the quiet period. Late spans and causes make new revisions at growing
 * intervals. If a component turns out to be part of another, it sends its spans to the owner of the other one.
 *
 * The order of arrival decides which revisions there are, not what the last one contains: the tree and the id of a trace
 * follow from its spans alone. If further spans give a trace another id, the former id is announced as merged into it. Every
 * id goes to the topic `linked` before its trace is emitted, so that a restart knows it too.
 *
 * Time is the bus's timestamp of a partition's messages, so reading them again gives the same. If the bus's clock is set
 * back, time continues from where it was. The time of an idle partition advances by the wall clock.
 */
import type { OutgoingMessage, Position, ReceivedMessage, TopicPartition } from '../../core/bus/bus.ts';
import { SteadyTime } from '../../core/bus/steady-time.ts';
import { decodeValue } from '../../core/codec.ts';
import { refuse } from '../../core/dead-letter.ts';
import { Counters } from '../../core/stage/accounting.ts';
import type { Accounting, Stage } from '../../core/stage/stage.ts';
import type { ComponentName } from '../../schemas/generated/linked-batch.ts';
import { assembleTrace, noteEmitted } from '../assemble/assemble-trace.ts';
import { carriedTraceId, derivedTraceId } from '../assemble/trace-identity.ts';
import { traceMessage, writeAssembledTrace, writeMergedTrace } from '../assemble/write-trace.ts';
import type { CorrelatorConfig } from '../config.ts';
import { InputOffsets } from '../input-offsets.ts';
import { copyOf } from '../spans/span-batch-reader.ts';
import { RevisionPacing } from '../revision-pace.ts';
import type { SpanRecord } from '../spans/span-record.ts';
import { type ComponentState, revisionOf } from './component-state.ts';
import { type ComponentBounds, ComponentStates } from './component-states.ts';
import { IdleTime } from './idle-time.ts';
import { linkedMessages, readLinkedRecords } from './linked-message.ts';

const stageName = 'correlator';

/** One partition and its time. */
interface PartitionState {
  readonly components: ComponentStates;
  readonly busTime: SteadyTime;
  readonly idle: IdleTime;
  /** Messages below this offset are read again after a restart; 0 once that is over. */
  readAgainBelow: number;
  /** While messages are read again, the runtime suppresses results. Revisions wait until then, so that none is lost. */
  holdsRevisions: boolean;
}

/** What one call gives. */
interface Outputs {
  readonly names: ComponentName[];
  readonly traces: OutgoingMessage[];
}

/** Turns LinkedBatches into Traces. Its records are spans. */
export class AssembleStage implements Stage<OutgoingMessage> {
  readonly #config: CorrelatorConfig;
  readonly #bounds: ComponentBounds;
  readonly #pacing: RevisionPacing;
  readonly #offsets = new InputOffsets();
  readonly #partitions = new Map<string, PartitionState>();
  readonly #counters = new Counters(['duplicate'], ['undecodable', 'unknown_schema']);
  readonly #events = { revisions: 0, merged: 0, moved_on: 0, cycles_broken: 0, forgotten_early: 0 };
  #arrival = 0;

  constructor(config: CorrelatorConfig) {
    this.#config = config;
    const { quietMs, lateMs, maxOpenMs, maxTraceSpans } = config;
    this.#bounds = { maxTraceSpans, lateMs, maxOpenMs, redirectMs: 2 * lateMs + maxOpenMs };
    this.#pacing = new RevisionPacing({ quiet: quietMs, late: lateMs, unitsPerSecond: 1e3 });
  }

  process(message: ReceivedMessage, nowMs: number): readonly OutgoingMessage[] {
    const partition = this.#partition(message);
    const messages = this.#process(partition, message, nowMs);
    if (partition.readAgainBelow === 0) partition.holdsRevisions = false;
    return messages;
  }

  #process(partition: PartitionState, message: ReceivedMessage, nowMs: number): readonly OutgoingMessage[] {
    partition.idle.end(nowMs);
    if (message.offset + 1 >= partition.readAgainBelow) partition.readAgainBelow = 0;
    const { components, busTime } = partition;
    const clockMs = busTime.advance(message.timestampMs);
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
      const taken = components.take(span, clockMs);
      if (taken === 'known') this.#counters.drop('duplicate');
      else if (taken === 'moved') this.#counters.emit();
    }
    for (const name of names) components.takeName(name, origin, clockMs);
    for (const move of moves) {
      this.#counters.emit(components.move(move, origin, clockMs));
      this.#events.moved_on++;
    }
    this.#shrink(partition, outputs);
    return messagesOf(partition, outputs);
  }

  flush(nowMs: number): readonly OutgoingMessage[] {
    // While messages are read again, forgotten components come back without some of their spans. They must be forgotten
    // again, by the time of the messages, before anything is emitted by the wall clock.
    return this.#advanceAll(({ busTime, idle, readAgainBelow }) =>
      readAgainBelow > 0 ? busTime.nowMs : busTime.nowMs + idle.look(nowMs),
    );
  }

  drain(): readonly OutgoingMessage[] {
    for (const partition of this.#partitions.values()) partition.holdsRevisions = false;
    return this.#advanceAll(() => Infinity);
  }

  lowWatermark(source: TopicPartition): number | undefined {
    return this.#offsets.oldest(source);
  }

  assign(positions: readonly Position[]): void {
    for (const position of positions)
      if (position.emittedBelow > position.offset) {
        const partition = this.#partition(position);
        partition.readAgainBelow = position.emittedBelow;
        partition.holdsRevisions = true;
      }
  }

  revoke(sources: readonly TopicPartition[]): void {
    for (const source of sources) {
      const partition = this.#partitions.get(sourceKey(source));
      this.#partitions.delete(sourceKey(source));
      this.#offsets.revoke(source);
      if (partition === undefined) continue;
      let unemitted = 0;
      for (const component of partition.components.all()) unemitted += component.spans.unemitted;
      this.#counters.drop('revoked', unemitted);
    }
  }

  accounting(): Accounting {
    const { received, emitted, dropped, rejected, buffered } = this.#counters;
    return { received, emitted, dropped, rejected, buffered, bufferedBytes: this.#sizes().bytes };
  }

  /** Counts for metrics, beside the accounting. */
  diagnostics(): Readonly<Record<string, number>> {
    return this.#events;
  }

  #partition(source: TopicPartition): PartitionState {
    let partition = this.#partitions.get(sourceKey(source));
    if (partition === undefined) {
      const [components, busTime, idle] = [new ComponentStates(this.#bounds), new SteadyTime(), new IdleTime()];
      partition = { components, busTime, idle, readAgainBelow: 0, holdsRevisions: false };
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
    for (const { components } of this.#partitions.values()) {
      spans += components.spans;
      bytes += components.bytes;
    }
    return { spans, bytes };
  }

  /** Emits what is due, and forgets what is too old. */
  #advance(partition: PartitionState, nowMs: number, outputs: Outputs): void {
    const { components } = partition;
    const { quietMs } = this.#config;
    const quiet = components.due(components.open, ({ touchedMs }) => touchedMs + quietMs <= nowMs);
    for (const component of quiet) {
      const dueMs = this.#revisionDueMs(component);
      if (dueMs > nowMs || isHeld(partition, component)) components.defer(component, dueMs);
      else this.#emit(components, component, nowMs, outputs);
    }
    if (!partition.holdsRevisions)
      for (const component of components.takeDeferred(nowMs)) this.#emit(components, component, nowMs, outputs);
    for (const component of components.takeRestless(nowMs)) {
      const dueMs = isHeld(partition, component) ? nowMs + quietMs : this.#revisionDueMs(component);
      if (dueMs > nowMs) components.leaveOpen(component, dueMs);
      else this.#emit(components, component, nowMs, outputs);
    }
    for (const component of components.takeOver(nowMs)) components.forget(component);
    components.forgetRedirects(nowMs);
  }

  /** When the component's first trace, or its next revision, may be emitted. */
  #revisionDueMs(component: ComponentState): number {
    const { emitted, spans, touchedMs } = component;
    if (emitted === undefined || !hasChanged(component)) return touchedMs;
    return this.#pacing.due(emitted.pace, spans.size, touchedMs);
  }

  /** Keeps state within its bounds. */
  #shrink({ components, busTime }: PartitionState, outputs: Outputs): void {
    const { maxSpans, maxBytes } = this.#config;
    const isOver = (): boolean => {
      const { spans, bytes } = this.#sizes();
      return spans > maxSpans || bytes > maxBytes;
    };
    while (isOver()) {
      const { emitted, revised, deferred, open } = components;
      const oldest = [emitted, revised, deferred, open]
        .find(({ size }) => size > 0)
        ?.values()
        .next().value;
      if (oldest === undefined) return;
      if (!components.isOut(oldest)) this.#emit(components, oldest, busTime.nowMs, outputs);
      components.forget(oldest);
      this.#events.forgotten_early++;
    }
  }

  #emit(components: ComponentStates, component: ComponentState, nowMs: number, { names, traces }: Outputs): void {
    components.keep(component);
    if (component.spans.size === 0 || !hasChanged(component)) return;
    const revision = revisionOf(component);
    const told = [...component.names.keys()];
    const assembled = assembleTrace(membersOf(component));
    const traceId = derivedTraceId(assembled.spans[0]!);
    if (component.emitted?.traceId !== traceId && !component.names.has(traceId))
      names.push({ componentId: component.id, traceId });
    const head = { traceId, revision, carriedTraceId: carriedTraceId(assembled.spans) };
    const value = writeAssembledTrace(head, assembled);
    traces.push(traceMessage(traceId, value));
    for (const former of new Set([...told, ...(component.emitted === undefined ? [] : [component.emitted.traceId])])) {
      if (former === traceId) continue;
      traces.push(traceMessage(former, writeMergedTrace({ traceId: former, revision }, traceId)));
      this.#events.merged++;
    }
    this.#counters.emit(noteEmitted(assembled.spans));
    this.#counters.drop('duplicate', noteEmitted(assembled.repeated));
    this.#events.cycles_broken += assembled.brokenCycles;
    if (component.emitted !== undefined) this.#events.revisions++;
    const pace = this.#pacing.next(component.emitted?.pace, nowMs, component.spans.size, value.length);
    component.emitted = { traceId, revision, pace };
    component.spans.pack();
  }
}

const sourceKey = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

/** Whether a component has something that no emitted trace has. */
function hasChanged(component: ComponentState): boolean {
  const { emitted, names } = component;
  if (emitted?.revision !== revisionOf(component)) return true;
  for (const name of names.keys()) if (name !== emitted.traceId) return true;
  return false;
}

/** Whether a revision waits until no messages are read again. */
const isHeld = ({ holdsRevisions }: PartitionState, { emitted }: ComponentState): boolean =>
  holdsRevisions && emitted !== undefined;

/** The spans of a component, with their causes where these are in it. */
function membersOf(component: ComponentState): readonly SpanRecord[] {
  const members: SpanRecord[] = [];
  for (const { span, cause } of component.spans.values()) {
    const parent = span.role === 'application' ? undefined : component.spans.get(cause.parentSpanId)?.span;
    span.cause = parent === undefined ? undefined : { parent, reason: cause.reason, confidence: cause.confidence };
    members.push(span);
  }
  return members;
}

/** Messages in the order in which they have to be stored. */
function messagesOf({ components }: PartitionState, { names, traces }: Outputs): readonly OutgoingMessage[] {
  const moving = components.takeMoving();
  return [...linkedMessages({ ...moving, names: [...moving.names, ...names] }), ...traces];
}
