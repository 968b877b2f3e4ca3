/** The components of one partition of the topic `linked`: what is in them, where they went, and when they are due. */
import type { ComponentMove, ComponentName } from '../../schemas/generated/linked-batch.ts';
import { DueHeap } from '../due-heap.ts';
import type { HeldOffset } from '../held-offsets.ts';
import { DueQueue } from './due-queue.ts';
import { type Group, newGroup } from './group.ts';
import type { LinkedRecord, LinkedRecords } from './linked-message.ts';

/** Where the spans of a component went. */
interface Redirect {
  readonly to: string;
  usedMs: number;
  readonly origin: HeldOffset;
}

/** Bounds of {@link Groups}. Durations in milliseconds. */
export interface GroupBounds {
  readonly maxTraceSpans: number;
  /** How long after its last span a component takes late ones. */
  readonly lateMs: number;
  /** How long a component that never becomes quiet is left alone. */
  readonly maxOpenMs: number;
  /** How long it is known where a component went, after that was last of use. */
  readonly redirectMs: number;
}

/** What became of a span. */
type Taken = 'new' | 'known' | 'moved';

/** Takes out of a list what is due. An entry counts if its component still waits in that list, and for that moment. */
function takeScheduled(heap: DueHeap<Group>, list: Map<string, Group>, nowMs: number): readonly Group[] {
  const due: Group[] = [];
  for (let next = heap.take(nowMs); next !== undefined; next = heap.take(nowMs)) {
    const { item: group } = next;
    if (list.get(group.id) !== group || group.dueMs !== next.due) continue;
    list.delete(group.id);
    due.push(group);
  }
  return due;
}

/** Components of one partition. */
export class Groups {
  /** Components with something that is in no trace yet, by when they were last touched. */
  readonly open = new Map<string, Group>();
  /** Components whose trace is out, by the same. */
  readonly emitted = new Map<string, Group>();
  /** Quiet components with something that is in no trace yet, which went out not long ago. */
  readonly deferred = new Map<string, Group>();
  /** Components whose trace is out, and was when others were that had been touched later. */
  readonly revised = new Map<string, Group>();
  readonly #revisions = new DueHeap<Group>();
  readonly #releases = new DueHeap<Group>();
  readonly #restless = new DueHeap<Group>();
  readonly #bounds: GroupBounds;
  readonly #groups = new Map<string, Group>();
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

  constructor(bounds: GroupBounds) {
    this.#bounds = bounds;
  }

  all(): Iterable<Group> {
    return this.#groups.values();
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
    const group = this.#roomFor(record.componentId, span.spanId, nowMs);
    const known = group.spans.get(span.spanId);
    // A cause that is found later is all that a span can bring when it comes again; once known, it stays.
    if (known !== undefined && (cause.parentSpanId === '' || known.cause.parentSpanId !== '')) return 'known';
    if (known !== undefined) {
      this.#drop(known);
      span.isEmitted = known.span.isEmitted;
    }
    group.spans.set(span.spanId, record);
    span.origin.held++;
    this.spans++;
    this.bytes += span.bodyEnd - span.bodyStart;
    if (cause.parentSpanId !== '' && span.role !== 'application') group.caused++;
    this.#touch(group, nowMs);
    return known === undefined ? 'new' : 'known';
  }

  /** Notes a trace id of a component. */
  takeName({ componentId, traceId }: ComponentName, origin: HeldOffset, nowMs: number): void {
    const redirect = this.#redirects.get(componentId);
    if (redirect !== undefined) {
      redirect.usedMs = nowMs;
      this.#moving.names.push({ componentId: redirect.to, traceId });
      return;
    }
    // Its spans are gone: nobody will want to know.
    const group = this.#groups.get(componentId);
    if (group === undefined || group.names.has(traceId)) return;
    group.names.set(traceId, origin);
    origin.held++;
    if (group.emitted?.traceId !== traceId) this.#touch(group, nowMs);
  }

  /** Sends all of a component on. Returns how many of its spans were in no trace yet. */
  move({ componentId, movedTo }: ComponentMove, origin: HeldOffset, nowMs: number): number {
    let unemitted = 0;
    for (let id = componentId; ; id = `${id}+`) {
      const group = this.#groups.get(id);
      if (group === undefined) break;
      for (const record of group.spans.values()) {
        if (!record.span.isEmitted) unemitted++;
        this.#moving.spans.push({ ...record, componentId: movedTo });
      }
      const names = new Set(group.names.keys());
      if (group.emitted !== undefined) names.add(group.emitted.traceId);
      for (const traceId of names) this.#moving.names.push({ componentId: movedTo, traceId });
      this.forget(group);
    }
    const former = this.#redirects.get(componentId);
    if (former !== undefined) former.origin.held--;
    const redirect = { to: movedTo, usedMs: nowMs, origin };
    origin.held++;
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
  *due(list: Map<string, Group>, isDue: (group: Group) => boolean): Generator<Group> {
    for (const group of list.values()) {
      if (!isDue(group)) return;
      list.delete(group.id);
      yield group;
    }
  }

  /** Puts a component aside until its next revision is due. */
  defer(group: Group, dueMs: number): void {
    this.deferred.set(group.id, group);
    group.dueMs = dueMs;
    this.#revisions.push(group, dueMs);
  }

  /** Takes out the components whose next revision is due. */
  takeDeferred(nowMs: number): readonly Group[] {
    return takeScheduled(this.#revisions, this.deferred, nowMs);
  }

  /** Takes out the components that have not become quiet for long. */
  *takeRestless(nowMs: number): Generator<Group> {
    for (let next = this.#restless.take(nowMs); next !== undefined; next = this.#restless.take(nowMs)) {
      const { item: group, due } = next;
      if (this.open.get(group.id) !== group || group.dueMs !== due) continue;
      this.open.delete(group.id);
      yield group;
    }
  }

  /** Leaves a component alone that has not become quiet, until then. */
  leaveOpen(group: Group, dueMs: number): void {
    this.open.set(group.id, group);
    group.dueMs = dueMs;
    this.#restless.push(group, dueMs);
  }

  /** Puts a component whose trace is out where it stays for late spans. `touchedMs` of those in the list must ascend. */
  keep(group: Group): void {
    if (group.touchedMs >= this.#keptMs || this.emitted.size === 0) {
      this.#keptMs = group.touchedMs;
      this.emitted.set(group.id, group);
      return;
    }
    this.revised.set(group.id, group);
    group.dueMs = group.touchedMs + this.#bounds.lateMs;
    this.#releases.push(group, group.dueMs);
  }

  /** Whether the trace of a component is out, with all of its spans. */
  isOut({ id }: Group): boolean {
    return this.emitted.has(id) || this.revised.has(id);
  }

  /** Takes out the components whose late window is over. */
  takeOver(nowMs: number): readonly Group[] {
    const { lateMs } = this.#bounds;
    const over = [...this.due(this.emitted, ({ touchedMs }) => touchedMs + lateMs <= nowMs)];
    return [...over, ...takeScheduled(this.#releases, this.revised, nowMs)];
  }

  /** Forgets where components went long ago. */
  forgetRedirects(nowMs: number): void {
    const { redirectMs } = this.#bounds;
    for (const { from, redirect } of this.#oldRedirects.takeWhile(({ dueMs }) => dueMs <= nowMs)) {
      if (this.#redirects.get(from) !== redirect) continue;
      if (redirect.usedMs + redirectMs > nowMs) {
        this.#oldRedirects.push({ from, redirect, dueMs: nowMs + redirectMs });
        continue;
      }
      redirect.origin.held--;
      this.#redirects.delete(from);
    }
  }

  /** Forgets a component with all that is in it. */
  forget(group: Group): void {
    this.#groups.delete(group.id);
    for (const list of [this.open, this.emitted, this.deferred, this.revised]) list.delete(group.id);
    const origins = group.spans.origins();
    for (const origin of origins) origin.held--;
    this.spans -= origins.length;
    this.bytes -= group.spans.bytes;
    for (const origin of group.names.values()) origin.held--;
  }

  #drop({ span }: LinkedRecord): void {
    span.origin.held--;
    this.spans--;
    this.bytes -= span.bodyEnd - span.bodyStart;
  }

  /** The component itself, or one that goes on where it is full. */
  #roomFor(componentId: string, spanId: string, nowMs: number): Group {
    for (let id = componentId; ; id = `${id}+`) {
      let group = this.#groups.get(id);
      if (group === undefined) this.#groups.set(id, (group = newGroup(id, nowMs)));
      if (group.spans.size < this.#bounds.maxTraceSpans || group.spans.get(spanId) !== undefined) return group;
    }
  }

  #touch(group: Group, nowMs: number): void {
    group.touchedMs = nowMs;
    if (!this.open.has(group.id)) {
      if (!this.deferred.delete(group.id)) group.changedMs = nowMs;
      group.dueMs = Math.max(group.changedMs + this.#bounds.maxOpenMs, nowMs);
      this.#restless.push(group, group.dueMs);
    }
    this.emitted.delete(group.id);
    this.revised.delete(group.id);
    // Deleted first, so that it stands last.
    this.open.delete(group.id);
    this.open.set(group.id, group);
  }
}
