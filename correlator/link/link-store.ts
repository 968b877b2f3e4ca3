/** A component's number, assigned by the store. After a join, both numbers lead to the component that remains. */
export type ComponentId = number;

/** What linking needs of a span. */
export interface LinkSpan {
  readonly spanId: string;
  readonly agentId: number;
  readonly observationPoint: string;
  readonly role: 'client' | 'server' | 'network' | 'application';
  readonly transport: 'unknown' | 'tcp' | 'udp' | 'unix';
  readonly startNs: number;
  readonly endNs: number;
  readonly responseEventId: number;
  readonly requestTcpSequence: number;
  readonly responseTcpSequence: number;
  readonly tuple: string;
  readonly requestId: number;
  readonly question: string;
  readonly headerTraceId: string;
  readonly xRequestIdRequest: string;
  readonly xRequestIdResponse: string;
}

/** Two components became one. */
export interface Join {
  readonly from: ComponentId;
  readonly into: ComponentId;
}

/**
 * Result of linking: for each span its component, new or existing, as of before `joins`. The caller then applies `joins` in
 * order.
 */
export interface Linked {
  readonly components: readonly ComponentId[];
  readonly joins: readonly Join[];
}

/** Counts of keys and joins that the store refused, by reason. */
export interface LinkRefusals {
  /** More spans carry the explicit id than one trace may have. */
  popular_key: number;
  /** The explicit id was used again after its window. */
  old_key: number;
  /** The component would have exceeded the bound of a trace. */
  oversized: number;
}

/**
 * Which spans belong together: link keys and union-find over components. All methods take batches, one call of each a
 * message, so that an implementation on a shared store needs one round trip for each.
 */
export interface LinkStore {
  /** Puts each span into a component with which it shares a key, else into a new one, and joins all components that it links. */
  link(spans: readonly LinkSpan[], nowNs: number): Linked;
  /** Joins components for reasons other than keys. Refuses pairs that would exceed the bound of a trace. */
  join(pairs: readonly (readonly [ComponentId, ComponentId])[]): readonly Join[];
  /** Forgets a component with all its spans. */
  forget(component: ComponentId, spans: readonly LinkSpan[]): void;
  /** Forgets spans of a component that stays. */
  withdraw(spans: readonly LinkSpan[]): void;
  readonly refusals: Readonly<LinkRefusals>;
}
