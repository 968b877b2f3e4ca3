import { pointKind } from '../../schemas/observation-points.ts';
import { ClockOffsets } from './clock-offsets.ts';
import { eachExplicitKey, type ExplicitKeyKind } from './explicit-keys.ts';
import type { ComponentId, Join, Linked, LinkRefusals, LinkSpan, LinkStore } from './link-store.ts';
import { callKey, type CallGates, type CallKey, isSameCall, isTwoSided } from './same-call.ts';
import { UnionFind } from './union-find.ts';

/** Ends kept under one call key. More share a key only if sequences are forged or constant. */
const endsLimit = 64;

/** Bounds on the growth of components. Durations in nanoseconds of event time. */
export interface LinkBounds {
  /** Spans of one component. */
  readonly maxComponentSpans: number;
  /** Spans in state that carry one X-Request-ID, above which it links nothing. */
  readonly maxRequestIdSpans: number;
  /** An X-Request-ID does not link to a component older than this. */
  readonly requestIdWindowNs: number;
  /** A trace id of a header does not link to a component older than this. */
  readonly traceIdWindowNs: number;
  readonly gates: CallGates;
}

/** Ends under one call key, as a chain: nearly always there are two. */
interface CallEnd {
  readonly span: LinkSpan;
  readonly component: ComponentId;
  /** Length of the chain from here on when this was put before it. */
  readonly length: number;
  next: CallEnd | undefined;
}

interface KeyUse {
  component: ComponentId;
  spans: number;
}

/** Link keys and components of one correlator, in memory. */
export class MemoryLinkStore implements LinkStore {
  readonly refusals: LinkRefusals = { popular_key: 0, old_key: 0, oversized: 0 };
  readonly clocks = new ClockOffsets();
  readonly #bounds: LinkBounds;
  readonly #sets = new UnionFind();
  readonly #callEnds = new Map<CallKey, CallEnd>();
  readonly #keyUses: Readonly<Record<ExplicitKeyKind, Map<string, KeyUse>>> = {
    trace_id: new Map(),
    x_request_id: new Map(),
  };

  constructor(bounds: LinkBounds) {
    this.#bounds = bounds;
  }

  link(spans: readonly LinkSpan[], nowNs: number): Linked {
    const components: ComponentId[] = [];
    const joins: Join[] = [];
    for (const span of spans) {
      const found = this.#find(span, nowNs);
      const component = this.#enter(found, nowNs);
      components.push(component);
      for (const other of found) if (other !== component) this.#join(other, component, joins);
      this.#register(span, component);
    }
    return { components, joins };
  }

  join(pairs: readonly (readonly [ComponentId, ComponentId])[]): readonly Join[] {
    const joins: Join[] = [];
    for (const [left, right] of pairs) this.#join(left, right, joins);
    return joins;
  }

  forget(component: ComponentId, spans: readonly LinkSpan[]): void {
    this.withdraw(spans);
    this.#sets.forget(component);
  }

  withdraw(spans: readonly LinkSpan[]): void {
    for (const span of spans) {
      const key = callKey(span);
      if (key !== undefined) this.#withdrawEnd(key, span);
      eachExplicitKey(span, (id, kind) => {
        const use = this.#keyUses[kind].get(id);
        if (use !== undefined && --use.spans === 0) this.#keyUses[kind].delete(id);
      });
    }
  }

  /** Components with which a span shares a link key, most certain first. */
  #find(span: LinkSpan, nowNs: number): readonly ComponentId[] {
    const found: ComponentId[] = [];
    const key = callKey(span);
    let end = key === undefined ? undefined : this.#callEnds.get(key);
    for (; end !== undefined; end = end.next) {
      if (!isSameCall(end.span, span, this.clocks, this.#bounds.gates)) continue;
      found.push(end.component);
      if (end.span.agentId !== span.agentId && isTwoSided(end.span, span)) this.#compareClocks(end.span, span, nowNs);
    }
    eachExplicitKey(span, (id, kind) => {
      const use = this.#keyUses[kind].get(id);
      if (use !== undefined && this.#mayLink(use, kind, nowNs)) found.push(use.component);
    });
    return found;
  }

  /** Whether an explicit id still identifies one trace. */
  #mayLink(use: KeyUse, kind: ExplicitKeyKind, nowNs: number): boolean {
    const { maxRequestIdSpans, requestIdWindowNs, traceIdWindowNs } = this.#bounds;
    if (kind === 'x_request_id' && use.spans >= maxRequestIdSpans) {
      this.refusals.popular_key++;
      return false;
    }
    const openedNs = this.#sets.openedNs(use.component);
    if (openedNs !== undefined && nowNs - openedNs <= (kind === 'trace_id' ? traceIdWindowNs : requestIdWindowNs))
      return true;
    this.refusals.old_key++;
    return false;
  }

  #enter(found: readonly ComponentId[], nowNs: number): ComponentId {
    for (const candidate of found) {
      const component = this.#sets.enter(candidate, this.#bounds.maxComponentSpans);
      if (component !== undefined) return component;
      this.refusals.oversized++;
    }
    return this.#sets.open(nowNs);
  }

  #register(span: LinkSpan, component: ComponentId): void {
    const key = callKey(span);
    if (key !== undefined) {
      const next = this.#callEnds.get(key);
      const length = (next?.length ?? 0) + 1;
      if (length <= endsLimit) this.#callEnds.set(key, { span, component, length, next });
    }
    eachExplicitKey(span, (id, kind) => {
      const use = this.#keyUses[kind].get(id);
      if (use === undefined) this.#keyUses[kind].set(id, { component, spans: 1 });
      else {
        use.spans++;
        // If the id did not link, it leads to the newer component from now on.
        if (!this.#sets.isSame(use.component, component)) use.component = component;
      }
    });
  }

  #join(left: ComponentId, right: ComponentId, joins: Join[]): void {
    const join = this.#sets.join(left, right, this.#bounds.maxComponentSpans);
    if (join === 'oversized') this.refusals.oversized++;
    else if (join !== undefined) joins.push(join);
  }

  #compareClocks(left: LinkSpan, right: LinkSpan, nowNs: number): void {
    // What is seen on the client's side of a call lies around what is seen on the server's, in processes and on the network.
    const kinds = [pointKind(left.observationPoint), pointKind(right.observationPoint)];
    if (!kinds.includes('client') || !kinds.includes('server')) return;
    const [client, server] = kinds[0] === 'client' ? [left, right] : [right, left];
    this.clocks.observe(
      client.agentId,
      server.agentId,
      server.startNs - client.startNs,
      client.endNs - server.endNs,
      nowNs,
    );
  }

  #withdrawEnd(key: CallKey, span: LinkSpan): void {
    let before: CallEnd | undefined;
    let end = this.#callEnds.get(key);
    for (; end !== undefined && end.span !== span; end = end.next) before = end;
    if (end === undefined) return;
    if (before !== undefined) before.next = end.next;
    else if (end.next !== undefined) this.#callEnds.set(key, end.next);
    else this.#callEnds.delete(key);
  }
}
