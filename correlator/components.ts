/**
 * The life of components. `open`: spans came lately. `waiting`: quiet, but a call names a server span that has not come.
 * `emitted`: the trace is out, and late spans may still come. A component that is being settled is in no list.
 */
import { type Component, newComponent, type EmittedTrace } from './component.ts';
import type { ComponentId, Join } from './link/link-store.ts';
import type { SpanRecord } from './span-record.ts';
import { TouchList } from './touch-list.ts';

function older(left: EmittedTrace, right: EmittedTrace): [EmittedTrace, EmittedTrace] {
  return left.order < right.order ? [left, right] : [right, left];
}

/** Up to here a list is made anew for each span: one that grows has room for sixteen more at once. */
const smallComponent = 8;

function withOneMore(spans: SpanRecord[], span: SpanRecord): SpanRecord[] {
  if (spans.length < smallComponent) return spans.concat(span);
  spans.push(span);
  return spans;
}

/** All components in state, by number and by what they wait for. */
export class Components {
  readonly open = new TouchList();
  readonly waiting = new TouchList();
  readonly emitted = new TouchList();
  readonly #byId = new Map<ComponentId, Component>();

  /** Every component, oldest first. */
  all(): Iterable<Component> {
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
  touch(component: Component, nowNs: number): void {
    component.touchedNs = nowNs;
    component.unemittedSinceNs = Math.min(component.unemittedSinceNs, nowNs);
    this.moveTo(component, this.open);
  }

  moveTo(component: Component, list: TouchList): void {
    component.list?.remove(component);
    list.append(component);
  }

  /** Takes out the components at the front of a list that were last touched `ageNs` ago or longer. */
  takeDue(list: TouchList, ageNs: number, nowNs: number): readonly Component[] {
    const due: Component[] = [];
    for (let first = list.first; first !== undefined && first.touchedNs + ageNs <= nowNs; first = list.first) {
      list.remove(first);
      due.push(first);
    }
    return due;
  }

  /**
   * Follows a join of the store. The survivor is in the open list when the component touched last was, else in none.
   * Of two emitted traces the older one's id survives.
   */
  join({ from, into }: Join): Component {
    const source = this.#byId.get(from)!;
    const target = this.#byId.get(into)!;
    for (const span of source.spans) span.component = target;
    target.spans = target.spans.concat(source.spans);
    target.spanCount += source.spanCount;
    if (source.recheck !== undefined) (target.recheck ??= []).push(...source.recheck);
    if (source.absorbed !== undefined) (target.absorbed ??= []).push(...source.absorbed);
    if (source.emitted !== undefined && target.emitted !== undefined) {
      const [survivor, absorbed] = older(source.emitted, target.emitted);
      target.emitted = survivor;
      (target.absorbed ??= []).push(absorbed);
    } else target.emitted ??= source.emitted;
    target.unemittedSinceNs = Math.min(target.unemittedSinceNs, source.unemittedSinceNs);
    this.#place(target, source);
    target.touchedNs = Math.max(target.touchedNs, source.touchedNs);
    source.mergedInto = target;
    source.spans = [];
    source.recheck = undefined;
    this.#byId.delete(from);
    return target;
  }

  #place(target: Component, source: Component): void {
    const last = source.touchedNs > target.touchedNs ? source : target;
    if (last.list !== this.open) {
      source.list?.remove(source);
      target.list?.remove(target);
    } else if (last === source) {
      target.list?.remove(target);
      this.open.replace(source, target);
    } else source.list?.remove(source);
  }

  remove(component: Component): void {
    component.list?.remove(component);
    this.#byId.delete(component.id);
  }
}
