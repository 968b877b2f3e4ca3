import { ClockOffsets } from './clock-offsets.ts';
import { type ExplicitKey, explicitKeys } from './explicit-keys.ts';
import type { ComponentId, Join, Linked, LinkRefusals, LinkSpan, LinkStore } from './link-store.ts';
import { callKey, type CallGates, isSameCall, isTwoSided } from './same-call.ts';
import { UnionFind } from './union-find.ts';

/** Ends of calls looked at under one key; more only meet by forged or constant sequences. */
const endsLimit = 64;

/** What bounds the growth of components. Durations in nanoseconds of event time. */
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

interface CallEnd {
  readonly span: LinkSpan;
  readonly component: ComponentId;
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
  readonly #callEnds = new Map<string, CallEnd[]>();
  readonly #keyUses = new Map<string, KeyUse>();

  constructor(bounds: LinkBounds) {
    this.#bounds = bounds;
  }

  link(spans: readonly LinkSpan[], nowNs: number): Linked {
    const components: ComponentId[] = [];
    const joins: Join[] = [];
    for (const span of spans) {
      const component = this.#sets.open(nowNs);
      components.push(component);
      this.#linkCall(span, component, nowNs, joins);
      for (const key of explicitKeys(span)) this.#linkKey(key, component, nowNs, joins);
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
      for (const { key } of explicitKeys(span)) {
        const use = this.#keyUses.get(key);
        if (use !== undefined && --use.spans === 0) this.#keyUses.delete(key);
      }
    }
  }

  #join(left: ComponentId, right: ComponentId, joins: Join[]): boolean {
    const join = this.#sets.join(left, right, this.#bounds.maxComponentSpans);
    if (join === 'oversized') this.refusals.oversized++;
    else if (join !== undefined) joins.push(join);
    return join !== 'oversized';
  }

  #linkCall(span: LinkSpan, component: ComponentId, nowNs: number, joins: Join[]): void {
    const key = callKey(span);
    if (key === undefined) return;
    const ends = this.#callEnds.get(key);
    if (ends === undefined) {
      this.#callEnds.set(key, [{ span, component }]);
      return;
    }
    for (const end of ends) {
      if (!isSameCall(end.span, span, this.clocks, this.#bounds.gates)) continue;
      this.#join(end.component, component, joins);
      if (end.span.agentId !== span.agentId && isTwoSided(end.span, span)) this.#compareClocks(end.span, span, nowNs);
    }
    if (ends.length < endsLimit) ends.push({ span, component });
  }

  #compareClocks(left: LinkSpan, right: LinkSpan, nowNs: number): void {
    const [client, server] = left.role === 'client' ? [left, right] : [right, left];
    // Packets in between are seen at both ends at once; only the processes' views are known to nest.
    if (client.role !== 'client' || server.role !== 'server') return;
    this.clocks.observe(
      client.agentId,
      server.agentId,
      server.startNs - client.startNs,
      client.endNs - server.endNs,
      nowNs,
    );
  }

  #withdrawEnd(key: string, span: LinkSpan): void {
    const ends = this.#callEnds.get(key);
    if (ends === undefined) return;
    const at = ends.findIndex((end) => end.span === span);
    if (at >= 0) ends.splice(at, 1);
    if (ends.length === 0) this.#callEnds.delete(key);
  }

  #linkKey({ kind, key }: ExplicitKey, component: ComponentId, nowNs: number, joins: Join[]): void {
    const use = this.#keyUses.get(key);
    if (use === undefined) {
      this.#keyUses.set(key, { component, spans: 1 });
      return;
    }
    use.spans++;
    const { maxRequestIdSpans, requestIdWindowNs, traceIdWindowNs } = this.#bounds;
    if (kind === 'x_request_id' && use.spans > maxRequestIdSpans) {
      this.refusals.popular_key++;
      return;
    }
    const openedNs = this.#sets.openedNs(use.component);
    const windowNs = kind === 'trace_id' ? traceIdWindowNs : requestIdWindowNs;
    if (openedNs === undefined || nowNs - openedNs > windowNs) {
      this.refusals.old_key++;
      use.component = component;
    } else if (!this.#join(use.component, component, joins)) use.component = component;
  }
}
