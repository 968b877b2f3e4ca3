/** A component's number, given by the store. Joined components answer to the number of the one that survived. */
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
 * What came of linking: for each span the component it was put into, a new one or one that was there. All of them are
 * as they were before `joins`, which are to be followed in order after that.
 */
export interface Linked {
  readonly components: readonly ComponentId[];
  readonly joins: readonly Join[];
}

/** Keys or joins that were not followed, by why. */
export interface LinkRefusals {
  /** An explicit id that more spans carry than one trace can have. */
  popular_key: number;
  /** An explicit id used again after longer than a trace takes. */
  old_key: number;
  /** The component would have become larger than a trace may be. */
  oversized: number;
}

/**
 * Which spans belong together: link keys and union-find over components. All methods take batches, one call of each a
 * message, so that an implementation on a shared store needs one round trip for each.
 */
export interface LinkStore {
  /** Puts each span into a component that it shares a key with, else into a new one, and joins all that it links. */
  link(spans: readonly LinkSpan[], nowNs: number): Linked;
  /** Joins components by what is known besides keys. Pairs that would grow too large are left out. */
  join(pairs: readonly (readonly [ComponentId, ComponentId])[]): readonly Join[];
  /** Forgets a component with all its spans. */
  forget(component: ComponentId, spans: readonly LinkSpan[]): void;
  /** Forgets spans of a component that stays. */
  withdraw(spans: readonly LinkSpan[]): void;
  readonly refusals: Readonly<LinkRefusals>;
}
