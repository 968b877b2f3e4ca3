/**
 * The states of components. `open`: spans arrived recently. `waiting`: quiet, but a call names a server span that has not
 * arrived. `deferred`: quiet, but its next revision is not due yet. `emitted`: the trace is emitted, and late spans may still
 * arrive; `revised`: the same, for traces emitted long after their last span. A component being settled is in no list.
 */
import { type EmittedTrace, newComponent } from './component.ts';
import { DueHeap } from './due-heap.ts';
import type { ComponentId, Join } from '../link/link-store.ts';
import { joinedPace } from '../revision-pace.ts';
import type { SpanComponent, SpanRecord } from '../spans/span-record.ts';
import { RecencyList } from '../../core/collections/recency-list.ts';

function older(left: EmittedTrace, right: EmittedTrace): [EmittedTrace, EmittedTrace] {
  return left.order < right.order ? [left, right] : [right, left];
}

/** Up to this size the list is copied for each span: a growing array would reserve room for sixteen more. */
const smallComponent = 8;

function withOneMore(spans: SpanRecord[], span: SpanRecord): SpanRecord[] {
  if (spans.length < smallComponent) return spans.concat(span);
  spans.push(span);
  return spans;
}

/** Takes out of a list what is due. An entry counts if its component still waits in that list, and for that moment. */
function takeScheduled(
  heap: DueHeap<SpanComponent>,
  list: RecencyList<SpanComponent>,
  nowNs: number,
): readonly SpanComponent[] {
  const due: SpanComponent[] = [];
  for (let next = heap.take(nowNs); next !== undefined; next = heap.take(nowNs)) {
    const { item: component } = next;
    if (component.list !== list || component.dueNs !== next.due) continue;
    list.remove(component);
    due.push(component);
  }
  return due;
}

/** All components in state, by number and by what they wait for. */
export class Components {
  readonly open = new RecencyList<SpanComponent>();
  readonly waiting = new RecencyList<SpanComponent>();
  readonly deferred = new RecencyList<SpanComponent>();
  readonly emitted = new RecencyList<SpanComponent>();
  readonly revised = new RecencyList<SpanComponent>();
  readonly #revisions = new DueHeap<SpanComponent>();
  readonly #releases = new DueHeap<SpanComponent>();
  readonly #byId = new Map<ComponentId, SpanComponent>();

  /** Every component, oldest first. */
  all(): Iterable<SpanComponent> {
    return this.#byId.values();
  }

  /** Puts a span into a component that is new or there already. */
  enter(id: ComponentId, span: SpanRecord, nowNs: number): void {
    let component = this.#byId.get(id);
    if (component === undefined) this.#byId.set(id, (component = newComponent(id, nowNs)));
    component.spans = withOneMore(component.spans, span);
    component.spanCount++;
    span.component = component;
  }

  /** Notes that a span came: the component is open again. */
  touch(component: SpanComponent, nowNs: number): void {
    component.touchedNs = nowNs;
    component.unemittedSinceNs = Math.min(component.unemittedSinceNs, nowNs);
    this.moveTo(component, this.open);
  }

  moveTo(component: SpanComponent, list: RecencyList<SpanComponent>): void {
    component.list?.remove(component);
    list.append(component);
  }

  /** Defers a component until its next revision is due. */
  defer(component: SpanComponent, dueNs: number): void {
    this.moveTo(component, this.deferred);
    component.dueNs = dueNs;
    this.#revisions.push(component, dueNs);
  }

  /** Takes out the components whose next revision is due. */
  takeDeferred(nowNs: number): readonly SpanComponent[] {
    return takeScheduled(this.#revisions, this.deferred, nowNs);
  }

  /** Keeps a component with an emitted trace for late spans. */
  keep(component: SpanComponent, lateNs: number): void {
    const { last } = this.emitted;
    if (last === undefined || last === component || last.touchedNs <= component.touchedNs) {
      this.moveTo(component, this.emitted);
      return;
    }
    // The list is in the order of last spans; a deferred component would delay those behind it, or be delayed itself.
    this.moveTo(component, this.revised);
    component.dueNs = component.touchedNs + lateNs;
    this.#releases.push(component, component.dueNs);
  }

  /** Takes out the components whose late window is over. */
  takeOver(lateNs: number, nowNs: number): readonly SpanComponent[] {
    return [...this.takeDue(this.emitted, lateNs, nowNs), ...takeScheduled(this.#releases, this.revised, nowNs)];
  }

  /** Whether the emitted trace has all spans of the component. */
  isOut({ list }: SpanComponent): boolean {
    return list === this.emitted || list === this.revised;
  }

  /** Takes out the components at the front of a list that were last touched `ageNs` ago or longer. */
  takeDue(list: RecencyList<SpanComponent>, ageNs: number, nowNs: number): readonly SpanComponent[] {
    const due: SpanComponent[] = [];
    for (let first = list.first; first !== undefined && first.touchedNs + ageNs <= nowNs; first = list.first) {
      list.remove(first);
      due.push(first);
    }
    return due;
  }

  /**
   * Applies a join of the store. The remaining component is in the open list if the one touched last was, else in none. Of two
   * emitted traces the older one's id remains.
   */
  join({ from, into }: Join): SpanComponent {
    const source = this.#byId.get(from)!;
    const target = this.#byId.get(into)!;
    for (const span of source.spans) span.component = target;
    target.spans = target.spans.concat(source.spans);
    target.spanCount += source.spanCount;
    if (source.pendingReevaluation !== undefined)
      (target.pendingReevaluation ??= []).push(...source.pendingReevaluation);
    if (source.absorbed !== undefined) (target.absorbed ??= []).push(...source.absorbed);
    if (source.emitted !== undefined && target.emitted !== undefined) {
      const [survivor, absorbed] = older(source.emitted, target.emitted);
      target.emitted = { ...survivor, pace: joinedPace(survivor.pace, absorbed.pace) };
      (target.absorbed ??= []).push(absorbed.traceId);
    } else target.emitted ??= source.emitted;
    target.unemittedSinceNs = Math.min(target.unemittedSinceNs, source.unemittedSinceNs);
    this.#place(target, source);
    target.touchedNs = Math.max(target.touchedNs, source.touchedNs);
    source.mergedInto = target;
    source.spans = [];
    source.pendingReevaluation = undefined;
    this.#byId.delete(from);
    return target;
  }

  #place(target: SpanComponent, source: SpanComponent): void {
    const last = source.touchedNs > target.touchedNs ? source : target;
    if (last.list !== this.open) {
      source.list?.remove(source);
      target.list?.remove(target);
    } else if (last === source) {
      target.list?.remove(target);
      this.open.replace(source, target);
    } else source.list?.remove(source);
  }

  remove(component: SpanComponent): void {
    component.list?.remove(component);
    this.#byId.delete(component.id);
  }
}
