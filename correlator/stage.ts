/**
 * The correlator with all state in memory, as a pure state machine. Its records are spans.
 *
 * Input: `spans`. Output: `traces`, dead letters. State: components of spans (components/), and the link keys that lead to
 * them. Bounds: in event time SPANLOOM_CORRELATOR_LATE after a component's last span; _MAX_OPEN until a component that never
 * becomes quiet is emitted; _CAUSE_WAIT for a server span that is a cause candidate; _MAX_SPANS and _MAX_BYTES over all;
 * _MAX_TRACE_SPANS per component.
 *
 * Link keys join a span to a component. When a component is quiet, the correlator decides the causes of its calls, which may
 * join it with others, and emits its tree as a trace. The component stays for late spans, which make new revisions at
 * growing intervals. Until the component is released, its spans hold back the low watermark, also after its trace
 * is emitted. So a restart rebuilds it whole, and a late span meets the same trace id. The cost is to read `lateMs` again.
 */
import type { OutgoingMessage, Position, ReceivedMessage, TopicPartition } from '../core/bus/bus.ts';
import { decodeValue } from '../core/codec.ts';
import { refuse } from '../core/dead-letter.ts';
import { Counters } from '../core/stage/accounting.ts';
import type { Accounting, Stage } from '../core/stage/stage.ts';
import { assembleTrace, noteEmitted } from './assemble/assemble-trace.ts';
import { carriedTraceId, derivedTraceId } from './assemble/trace-identity.ts';
import { traceMessage, writeAssembledTrace, writeMergedTrace } from './assemble/write-trace.ts';
import { surviving } from './components/component.ts';
import { Components } from './components/components.ts';
import type { CorrelatorConfig } from './config.ts';
import { EventClock } from './event-time/event-clock.ts';
import { InputOffsets } from './input-offsets.ts';
import type { ComponentId, LinkStore } from './link/link-store.ts';
import { MemoryLinkStore } from './link/memory-link-store.ts';
import { defaultCallGates } from './link/same-call.ts';
import { type Concerned, LocalCauses } from './local-cause/local-causes.ts';
import { copyOf, readRecordBatch } from './spans/span-batch-reader.ts';
import { ReadAgain } from './read-again.ts';
import { RevisionPacing } from './revision-pace.ts';
import type { SpanComponent, SpanRecord } from './spans/span-record.ts';

/** Counts since start of events that are not the outcome of a span. */
export type CorrelatorDiagnostics = Readonly<Record<string, number>>;

const stageName = 'correlator';
const nsPerMs = 1e6;

function makeLinkStore(config: CorrelatorConfig): LinkStore {
  return new MemoryLinkStore({
    maxComponentSpans: config.maxTraceSpans,
    maxRequestIdSpans: config.maxRequestIdSpans,
    requestIdWindowNs: config.requestIdWindowMs * nsPerMs,
    traceIdWindowNs: config.traceIdWindowMs * nsPerMs,
    gates: { ...defaultCallGates, maxClockSkewNs: config.maxClockSkewMs * nsPerMs },
  });
}

const isUndecided = (span: SpanRecord): boolean => span.role === 'client' && span.cause === undefined;
const byRequest = (left: SpanRecord, right: SpanRecord): number => left.requestEventId - right.requestEventId;

/** Turns SpanBatches into Traces. */
export class Correlator implements Stage<OutgoingMessage> {
  readonly #config: CorrelatorConfig;
  readonly #quietNs: number;
  readonly #causeWaitNs: number;
  readonly #lateNs: number;
  readonly #links: LinkStore;
  readonly #pacing: RevisionPacing;
  readonly #clock: EventClock;
  readonly #offsets = new InputOffsets();
  readonly #causes: LocalCauses;
  readonly #components = new Components();
  readonly #readAgain: ReadAgain;
  readonly #counters = new Counters(['duplicate'], ['undecodable', 'unknown_schema']);
  readonly #events = { revisions: 0, merged: 0, cycles_broken: 0, flushed_early: 0, forgotten_early: 0 };
  #arrival = 0;
  #bytes = 0;
  #emittedTraces = 0;

  constructor(config: CorrelatorConfig, links: LinkStore = makeLinkStore(config)) {
    this.#config = config;
    this.#quietNs = config.quietMs * nsPerMs;
    this.#causes = new LocalCauses(config.minConfidence);
    this.#clock = new EventClock(this.#quietNs);
    this.#causeWaitNs = Math.max(config.causeWaitMs, config.quietMs) * nsPerMs;
    this.#lateNs = config.lateMs * nsPerMs;
    this.#pacing = new RevisionPacing({ quiet: this.#quietNs, late: this.#lateNs, unitsPerSecond: 1e9 });
    this.#readAgain = new ReadAgain(2 * this.#lateNs);
    this.#links = links;
  }

  process(message: ReceivedMessage, nowMs: number): readonly OutgoingMessage[] {
    const origin = this.#offsets.open(message);
    const arrival = ++this.#arrival;
    const kept = { headers: message.headers, value: copyOf(message.value) };
    const decoded = decodeValue('SpanBatch', kept, (reader) => readRecordBatch(reader, origin, arrival));
    if (decoded.kind === 'rejected') {
      const { reason, detail } = decoded;
      return [refuse(message, this.#counters, { stage: stageName, reason, detail }, nowMs)];
    }
    const { agentId, watermarkNs, spans } = decoded.value;
    if (this.#causes.size === 0) this.#clock.reset();
    this.#clock.observe(agentId, Number(watermarkNs), message);
    const overdue = this.#take(spans);
    const messages = this.#advance(this.#clock.nowNs, overdue);
    this.#readAgain.note(message, this.#clock.nowNs);
    return messages;
  }

  assign(positions: readonly Position[]): void {
    this.#readAgain.assign(positions);
  }

  flush(): readonly OutgoingMessage[] {
    return [];
  }

  drain(): readonly OutgoingMessage[] {
    this.#readAgain.end();
    return this.#advance(Infinity, []);
  }

  lowWatermark(source: TopicPartition): number | undefined {
    return this.#offsets.oldest(source);
  }

  revoke(sources: readonly TopicPartition[]): void {
    const isRevoked = ({ origin }: SpanRecord): boolean =>
      sources.some((source) => this.#offsets.isFrom(origin, source));
    for (const component of [...this.#components.all()]) {
      const revoked = component.spans.filter(isRevoked);
      if (revoked.length === 0) continue;
      component.spans = component.spans.filter((span) => !isRevoked(span));
      this.#counters.drop('revoked', revoked.filter((span) => !span.isEmitted).length);
      this.#forgetSpans(revoked);
      this.#links.withdraw(revoked);
      if (component.spans.length === 0) this.#release(component);
    }
    for (const source of sources) this.#offsets.revoke(source);
    this.#readAgain.revoke(sources);
  }

  accounting(): Accounting {
    const { received, emitted, dropped, rejected, buffered } = this.#counters;
    return { received, emitted, dropped, rejected, buffered, bufferedBytes: this.#bytes };
  }

  /** Counts for metrics, beside the accounting. */
  diagnostics(): CorrelatorDiagnostics {
    const causes = Object.entries(this.#causes.unknown).map(([reason, count]) => [`cause_${reason}`, count]);
    const links = Object.entries(this.#links.refusals).map(([reason, count]) => [`link_${reason}`, count]);
    return { ...this.#events, ...Object.fromEntries(causes), ...Object.fromEntries(links) } as CorrelatorDiagnostics;
  }

  /** Takes spans into state. Returns components that have waited too long for their first emission. */
  #take(spans: readonly SpanRecord[]): readonly SpanComponent[] {
    if (spans.length === 0) return [];
    const { nowNs } = this.#clock;
    this.#counters.receive(spans.length);
    const fresh: SpanRecord[] = [];
    const concerned: Concerned[] = [];
    for (const span of spans) {
      const first = this.#causes.same(span);
      if (first !== undefined) {
        this.#counters.drop('duplicate');
        this.#offsets.repeat(first.origin, span.origin);
        continue;
      }
      concerned.push(this.#causes.add(span));
      fresh.push(span);
      span.origin.spansInState++;
      this.#bytes += span.bodyEnd - span.bodyStart;
    }
    const { components, joins } = this.#links.link(fresh, nowNs);
    for (const [index, span] of fresh.entries()) this.#components.enter(components[index]!, span, nowNs);
    for (const join of joins) this.#components.join(join);
    const overdue = new Set<SpanComponent>();
    for (const [index, span] of fresh.entries()) {
      const component = span.component!;
      this.#components.touch(component, nowNs);
      const { unknown, undecided } = concerned[index]!;
      // Otherwise this component would be emitted without the calls of components that become quiet a little later.
      if (unknown.length + undecided.length > 0) (component.pendingReevaluation ??= []).push(...unknown, ...undecided);
      const isOverdue = nowNs - component.unemittedSinceNs > this.#config.maxOpenMs * nsPerMs;
      const mayGo = component.emitted === undefined || !this.#readAgain.isGoingOn;
      if (isOverdue && mayGo && this.#revisionDueNs(component) <= nowNs) overdue.add(component);
    }
    return [...overdue];
  }

  /** Emits what is due at this event time, releases what is too old, and keeps state within its bounds. */
  #advance(nowNs: number, overdue: readonly SpanComponent[]): readonly OutgoingMessage[] {
    const messages: OutgoingMessage[] = [];
    for (const component of overdue) component.list?.remove(component);
    const due = [
      ...overdue,
      ...this.#components.takeDue(this.#components.open, this.#quietNs, nowNs),
      ...this.#components.takeDue(this.#components.waiting, this.#causeWaitNs, nowNs),
      // The runtime suppresses results of messages read again. Revisions that would not come a second time wait until then.
      ...(this.#readAgain.isGoingOn ? [] : this.#components.takeDeferred(nowNs)),
    ];
    if (due.length > 0) this.#settle(due, new Set(overdue), nowNs, messages);
    for (const component of this.#components.takeOver(this.#lateNs, nowNs)) this.#release(component);
    while (this.#causes.size > this.#config.maxSpans || this.#bytes > this.#config.maxBytes) {
      if (!this.#shrink(nowNs, messages)) break;
    }
    return messages;
  }

  /** Releases the oldest component; emits it first if it was not emitted. */
  #shrink(nowNs: number, messages: OutgoingMessage[]): boolean {
    const { emitted, revised, deferred, waiting, open } = this.#components;
    const oldest = emitted.first ?? revised.first ?? deferred.first ?? waiting.first ?? open.first;
    if (oldest === undefined) return false;
    if (!this.#components.isOut(oldest)) {
      oldest.list!.remove(oldest);
      this.#settle([oldest], new Set([oldest]), nowNs, messages);
      this.#events.flushed_early++;
    } else this.#events.forgotten_early++;
    const component = surviving(oldest);
    if (this.#components.isOut(component)) this.#release(component);
    return true;
  }

  /** Decides the causes of calls in components that are due, and emits those that are complete then. */
  #settle(
    due: readonly SpanComponent[],
    forced: ReadonlySet<SpanComponent>,
    nowNs: number,
    messages: OutgoingMessage[],
  ): void {
    const touched = new Set(due);
    const impatient = new Set(forced);
    const waiting: SpanRecord[] = [];
    const asked = new Set<SpanRecord>();
    for (const component of due) {
      for (const span of component.spans) if (isUndecided(span)) asked.add(span);
      for (const call of component.pendingReevaluation ?? []) if (isUndecided(call) && !call.released) asked.add(call);
      component.pendingReevaluation = undefined;
    }
    let calls = [...asked];
    while (calls.length > 0) {
      calls.sort(byRequest);
      this.#causes.observe(calls);
      const pairs: (readonly [ComponentId, ComponentId])[] = [];
      const partners = new Set<SpanComponent>();
      const note = ({ component, cause }: SpanRecord): void => {
        const other = cause!.parent.component!;
        if (other === component) return;
        pairs.push([component!.id, other.id]);
        for (const partner of [component!, other]) if (!touched.has(partner)) partners.add(partner);
      };
      for (const call of calls) {
        const component = call.component!;
        const mayWait = component.touchedNs + this.#causeWaitNs > nowNs && !impatient.has(component);
        const patience = { mayWait, quietNs: this.#quietNs, causeWaitNs: this.#causeWaitNs };
        const decision = this.#causes.decide(call, patience, this.#arrival);
        if (decision.kind === 'wait') waiting.push(call);
        if (decision.kind === 'parent') note(call);
      }
      this.#causes.findLikelyParents(this.#quietNs).forEach(note);
      calls = this.#joinSettled(pairs, partners, touched, nowNs);
      for (const component of forced) impatient.add(surviving(component));
    }
    const waits = new Set(waiting.filter((call) => call.cause === undefined).map((call) => call.component!));
    for (const component of new Set([...touched].map(surviving))) {
      const isForced = impatient.has(component);
      if (!isForced && component.touchedNs + this.#quietNs > nowNs) {
        if (component.list === undefined) this.#components.moveTo(component, this.#components.open);
      } else if (!isForced && waits.has(component) && component.touchedNs + this.#causeWaitNs > nowNs)
        this.#components.moveTo(component, this.#components.waiting);
      else this.#emitOrDefer(component, isForced, nowNs, messages);
    }
  }

  /** Event time at which the component's first trace, or its next revision, may be emitted. */
  #revisionDueNs({ emitted, spanCount, touchedNs }: SpanComponent): number {
    return emitted === undefined ? touchedNs : this.#pacing.due(emitted.pace, spanCount, touchedNs);
  }

  /** Emits a component that changed since its last revision, or defers it until the next revision is due. */
  #emitOrDefer(component: SpanComponent, isForced: boolean, nowNs: number, messages: OutgoingMessage[]): void {
    const { emitted, spanCount, absorbed } = component;
    const isNew = emitted?.revision !== spanCount || absorbed !== undefined;
    const dueNs = this.#revisionDueNs(component);
    if (isNew && !isForced && (dueNs > nowNs || (emitted !== undefined && this.#readAgain.isGoingOn))) {
      this.#components.defer(component, dueNs);
      return;
    }
    if (isNew) this.#emit(component, nowNs, messages);
    component.unemittedSinceNs = Infinity;
    this.#components.keep(component, this.#lateNs);
  }

  /** Joins components by decided causes. Returns the undecided calls of the components that were joined. */
  #joinSettled(
    pairs: readonly (readonly [ComponentId, ComponentId])[],
    partners: ReadonlySet<SpanComponent>,
    touched: Set<SpanComponent>,
    nowNs: number,
  ): SpanRecord[] {
    const spansOf = new Map([...partners].map((partner) => [partner, partner.spans.filter(isUndecided)]));
    const grown = new Set(this.#links.join(pairs).map((join) => this.#components.join(join)));
    const survivors = new Set([...grown].map(surviving));
    const calls: SpanRecord[] = [];
    for (const [partner, undecided] of spansOf) {
      const component = surviving(partner);
      // The join was refused if the component would exceed its bound.
      if (!survivors.has(component)) continue;
      touched.add(component);
      // Calls in a component that is still open are decided when that component is due.
      if (component.touchedNs + this.#quietNs <= nowNs) calls.push(...undecided);
    }
    return calls;
  }

  #emit(component: SpanComponent, nowNs: number, messages: OutgoingMessage[]): void {
    const before = component.emitted;
    const assembled = assembleTrace(component.spans);
    const { spans } = assembled;
    const traceId = before?.traceId ?? derivedTraceId(spans[0]!);
    const revision = component.spanCount;
    const head = { traceId, revision, carriedTraceId: carriedTraceId(spans) };
    const value = writeAssembledTrace(head, assembled);
    const pace = this.#pacing.next(before?.pace, nowNs, revision, value.length);
    component.emitted = { traceId, order: before?.order ?? ++this.#emittedTraces, revision, pace };
    messages.push(traceMessage(traceId, value));
    for (const absorbed of component.absorbed ?? []) {
      // Above every revision of the absorbed trace, also of one that was emitted before a restart: this one has all its spans.
      messages.push(traceMessage(absorbed, writeMergedTrace({ traceId: absorbed, revision }, traceId)));
      this.#events.merged++;
    }
    this.#counters.emit(noteEmitted(spans));
    this.#counters.drop('duplicate', noteEmitted(assembled.repeated));
    this.#events.cycles_broken += assembled.brokenCycles;
    if (before !== undefined) this.#events.revisions++;
    component.absorbed = undefined;
  }

  #release(component: SpanComponent): void {
    this.#components.remove(component);
    this.#links.forget(component.id, component.spans);
    this.#forgetSpans(component.spans);
  }

  #forgetSpans(spans: readonly SpanRecord[]): void {
    for (const span of spans) span.released = true;
    for (const span of spans) {
      span.origin.spansInState--;
      this.#bytes -= span.bodyEnd - span.bodyStart;
      this.#causes.remove(span);
    }
  }
}
