/** The components of one partition of the topic `linked`: their spans, where moved ones are now, and when each is due. */
import type { ComponentMove, ComponentName } from '../../schemas/generated/linked-batch.ts';
import { DueHeap } from '../components/due-heap.ts';
import type { InputOffset } from '../input-offsets.ts';
import { DueQueue } from './due-queue.ts';
import { type ComponentState, newComponentState } from './component-state.ts';
import type { LinkedRecord, LinkedRecords } from './linked-message.ts';

/** The component that a component's spans moved to. */
interface Redirect {
  readonly to: string;
  usedMs: number;
  readonly origin: InputOffset;
}

/** Bounds of {@link ComponentStates}. Durations in milliseconds. */
export interface ComponentBounds {
  readonly maxTraceSpans: number;
  /** How long after its last span a component accepts late ones. */
  readonly lateMs: number;
  /** How long a component may stay without becoming quiet until it is emitted. */
  readonly maxOpenMs: number;
  /** How long a redirect is kept after its last use. */
  readonly redirectMs: number;
}

/** Outcome of a span. */
type Taken = 'new' | 'known' | 'moved';

/** Takes out of a list what is due. An entry counts if its component still waits in that list, and for that moment. */
function takeScheduled(
  heap: DueHeap<ComponentState>,
  list: Map<string, ComponentState>,
  nowMs: number,
): readonly ComponentState[] {
  const due: ComponentState[] = [];
  for (let next = heap.take(nowMs); next !== undefined; next = heap.take(nowMs)) {
    const { item: component } = next;
    if (list.get(component.id) !== component || component.dueMs !== next.due) continue;
    list.delete(component.id);
    due.push(component);
  }
  return due;
}

/** Components of one partition. */
export class ComponentStates {
  /** Components with something that is in no trace yet, by when they were last touched. */
  readonly open = new Map<string, ComponentState>();
  /** Components with an emitted trace, in the same order. */
  readonly emitted = new Map<string, ComponentState>();
  /** Quiet components with something that is in no trace yet, whose next revision is not due yet. */
  readonly deferred = new Map<string, ComponentState>();
  /** Components with an emitted trace that would break the order of `emitted`: others emitted before were touched later. */
  readonly revised = new Map<string, ComponentState>();
  readonly #revisions = new DueHeap<ComponentState>();
  readonly #releases = new DueHeap<ComponentState>();
  readonly #restless = new DueHeap<ComponentState>();
  readonly #bounds: ComponentBounds;
  readonly #components = new Map<string, ComponentState>();
  readonly #redirects = new Map<string, Redirect>();
  readonly #oldRedirects = new DueQueue<{
    readonly from: string;
    readonly redirect: Redirect;
    readonly dueMs: number;
  }>();
  /** When the last one in `emitted` was touched. */
  #keptMs = 0;
  #moving: { spans: LinkedRecord[]; names: ComponentName[] } = { spans: [], names: [] };
  /** Spans in state, and the bytes of these. */
  spans = 0;
  bytes = 0;

  constructor(bounds: ComponentBounds) {
    this.#bounds = bounds;
  }

  all(): Iterable<ComponentState> {
    return this.#components.values();
  }

  /** Puts a span into its component. */
  take(record: LinkedRecord, nowMs: number): Taken {
    const { span, cause } = record;
    const redirect = this.#redirects.get(record.componentId);
    if (redirect !== undefined) {
      redirect.usedMs = nowMs;
      this.#moving.spans.push({ ...record, componentId: redirect.to });
      return 'moved';
    }
    const component = this.#roomFor(record.componentId, span.key, nowMs);
    const known = component.spans.get(span.key);
    // A repeated span can only add a cause that was found later. A known cause stays, and all of a reported span.
    const addsCause = cause.parentSpanId !== '' && known?.cause.parentSpanId === '' && span.role !== 'application';
    if (known !== undefined && !addsCause) return 'known';
    if (known !== undefined) {
      this.#drop(known);
      span.isEmitted = known.span.isEmitted;
    }
    component.spans.set(span.key, record);
    span.origin.spansInState++;
    this.spans++;
    this.bytes += span.bodyEnd - span.bodyStart;
    if (cause.parentSpanId !== '' && span.role !== 'application') component.caused++;
    this.#touch(component, nowMs);
    return known === undefined ? 'new' : 'known';
  }

  /** Notes a trace id of a component. */
  takeName({ componentId, traceId }: ComponentName, origin: InputOffset, nowMs: number): void {
    const redirect = this.#redirects.get(componentId);
    if (redirect !== undefined) {
      redirect.usedMs = nowMs;
      this.#moving.names.push({ componentId: redirect.to, traceId });
      return;
    }
    // Its spans were released: no redirect is needed.
    const component = this.#components.get(componentId);
    if (component === undefined || component.names.has(traceId)) return;
    component.names.set(traceId, origin);
    origin.spansInState++;
    if (component.emitted?.traceId !== traceId) this.#touch(component, nowMs);
  }

  /** Sends all of a component on. Returns how many of its spans were in no trace yet. */
  move({ componentId, movedTo }: ComponentMove, origin: InputOffset, nowMs: number): number {
    let unemitted = 0;
    for (let id = componentId; ; id = `${id}+`) {
      const component = this.#components.get(id);
      if (component === undefined) break;
      for (const record of component.spans.values()) {
        if (!record.span.isEmitted) unemitted++;
        this.#moving.spans.push({ ...record, componentId: movedTo });
      }
      const names = new Set(component.names.keys());
      if (component.emitted !== undefined) names.add(component.emitted.traceId);
      for (const traceId of names) this.#moving.names.push({ componentId: movedTo, traceId });
      this.forget(component);
    }
    const former = this.#redirects.get(componentId);
    if (former !== undefined) former.origin.spansInState--;
    const redirect = { to: movedTo, usedMs: nowMs, origin };
    origin.spansInState++;
    this.#redirects.set(componentId, redirect);
    this.#oldRedirects.push({ from: componentId, redirect, dueMs: nowMs + this.#bounds.redirectMs });
    return unemitted;
  }

  /** What goes to other components, once. */
  takeMoving(): LinkedRecords {
    const { spans, names } = this.#moving;
    this.#moving = { spans: [], names: [] };
    return { spans, names, moves: [] };
  }

  /** Takes out the components at the front of a list for which this holds. */
  *due(list: Map<string, ComponentState>, isDue: (component: ComponentState) => boolean): Generator<ComponentState> {
    for (const component of list.values()) {
      if (!isDue(component)) return;
      list.delete(component.id);
      yield component;
    }
  }

  /** Defers a component until its next revision is due. */
  defer(component: ComponentState, dueMs: number): void {
    this.deferred.set(component.id, component);
    component.dueMs = dueMs;
    this.#revisions.push(component, dueMs);
  }

  /** Takes out the components whose next revision is due. */
  takeDeferred(nowMs: number): readonly ComponentState[] {
    return takeScheduled(this.#revisions, this.deferred, nowMs);
  }

  /** Removes and returns the components that have not become quiet for too long. */
  *takeRestless(nowMs: number): Generator<ComponentState> {
    for (let next = this.#restless.take(nowMs); next !== undefined; next = this.#restless.take(nowMs)) {
      const { item: component, due } = next;
      if (this.open.get(component.id) !== component || component.dueMs !== due) continue;
      this.open.delete(component.id);
      yield component;
    }
  }

  /** Defers a component that has not become quiet. */
  leaveOpen(component: ComponentState, dueMs: number): void {
    this.open.set(component.id, component);
    component.dueMs = dueMs;
    this.#restless.push(component, dueMs);
  }

  /** Keeps a component with an emitted trace for late spans. `touchedMs` must ascend in the list. */
  keep(component: ComponentState): void {
    if (component.touchedMs >= this.#keptMs || this.emitted.size === 0) {
      this.#keptMs = component.touchedMs;
      this.emitted.set(component.id, component);
      return;
    }
    this.revised.set(component.id, component);
    component.dueMs = component.touchedMs + this.#bounds.lateMs;
    this.#releases.push(component, component.dueMs);
  }

  /** Whether the emitted trace has all spans of the component. */
  isOut({ id }: ComponentState): boolean {
    return this.emitted.has(id) || this.revised.has(id);
  }

  /** Takes out the components whose late window is over. */
  takeOver(nowMs: number): readonly ComponentState[] {
    const { lateMs } = this.#bounds;
    const over = [...this.due(this.emitted, ({ touchedMs }) => touchedMs + lateMs <= nowMs)];
    return [...over, ...takeScheduled(this.#releases, this.revised, nowMs)];
  }

  /** Forgets old redirects. */
  forgetRedirects(nowMs: number): void {
    const { redirectMs } = this.#bounds;
    for (const { from, redirect } of this.#oldRedirects.takeWhile(({ dueMs }) => dueMs <= nowMs)) {
      if (this.#redirects.get(from) !== redirect) continue;
      if (redirect.usedMs + redirectMs > nowMs) {
        this.#oldRedirects.push({ from, redirect, dueMs: nowMs + redirectMs });
        continue;
      }
      redirect.origin.spansInState--;
      this.#redirects.delete(from);
    }
  }

  /** Forgets a component with all that is in it. */
  forget(component: ComponentState): void {
    this.#components.delete(component.id);
    for (const list of [this.open, this.emitted, this.deferred, this.revised]) list.delete(component.id);
    const origins = component.spans.origins();
    for (const origin of origins) origin.spansInState--;
    this.spans -= origins.length;
    this.bytes -= component.spans.bytes;
    for (const origin of component.names.values()) origin.spansInState--;
  }

  #drop({ span }: LinkedRecord): void {
    span.origin.spansInState--;
    this.spans--;
    this.bytes -= span.bodyEnd - span.bodyStart;
  }

  /** The component itself, or the one that continues it if it is full. */
  #roomFor(componentId: string, key: string, nowMs: number): ComponentState {
    for (let id = componentId; ; id = `${id}+`) {
      let component = this.#components.get(id);
      if (component === undefined) this.#components.set(id, (component = newComponentState(id, nowMs)));
      if (component.spans.size < this.#bounds.maxTraceSpans || component.spans.get(key) !== undefined) return component;
    }
  }

  #touch(component: ComponentState, nowMs: number): void {
    component.touchedMs = nowMs;
    if (!this.open.has(component.id)) {
      if (!this.deferred.delete(component.id)) component.changedMs = nowMs;
      component.dueMs = Math.max(component.changedMs + this.#bounds.maxOpenMs, nowMs);
      this.#restless.push(component, component.dueMs);
    }
    this.emitted.delete(component.id);
    this.revised.delete(component.id);
    // Deleted first, so that it stands last.
    this.open.delete(component.id);
    this.open.set(component.id, component);
  }
}
