/** The components of one partition of the topic `linked`: what is in them, where they went, and when they are due. */
import type { ComponentMove, ComponentName } from '../../schemas/generated/linked-batch.ts';
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
  /** How long it is known where a component went, after that was last of use. */
  readonly redirectMs: number;
}

/** What became of a span. */
type Taken = 'new' | 'known' | 'moved';

/** Components of one partition. */
export class Groups {
  /** Components with something that is in no trace yet, by when they were last touched. */
  readonly open = new Map<string, Group>();
  /** Components whose trace is out, by the same. */
  readonly emitted = new Map<string, Group>();
  readonly #bounds: GroupBounds;
  readonly #groups = new Map<string, Group>();
  readonly #redirects = new Map<string, Redirect>();
  readonly #oldRedirects = new DueQueue<{
    readonly from: string;
    readonly redirect: Redirect;
    readonly dueMs: number;
  }>();
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
    this.open.delete(group.id);
    this.emitted.delete(group.id);
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
    if (!this.open.has(group.id)) group.changedMs = nowMs;
    this.emitted.delete(group.id);
    // Deleted first, so that it stands last.
    this.open.delete(group.id);
    this.open.set(group.id, group);
  }
}
