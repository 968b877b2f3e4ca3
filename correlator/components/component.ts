import type { ComponentId } from '../link/link-store.ts';
import type { RevisionPace } from '../revision-pace.ts';
import type { RecencyItem } from '../../core/collections/recency-list.ts';

/** The last emitted revision of a trace. */
export interface EmittedTrace {
  readonly traceId: string;
  /** Order of first emissions: in a merge the lower one's trace id remains. */
  readonly order: number;
  readonly revision: number;
  readonly pace: RevisionPace;
}

/** Spans that belong together as far as is known: one trace. */
export interface Component<Span> extends RecencyItem<Component<Span>> {
  readonly id: ComponentId;
  spans: Span[];
  /** Spans ever put in. */
  spanCount: number;
  /** Event time at which the last span came. */
  touchedNs: number;
  /** Event time since which it has had spans that are in no emitted trace; Infinity when it has none. */
  unemittedSinceNs: number;
  emitted: EmittedTrace | undefined;
  /** Event time at which it is due, while it is in a list by due time. */
  dueNs: number;
  /** Ids of emitted traces that were merged into this one and are not announced yet. */
  absorbed: string[] | undefined;
  /** Calls, here or elsewhere, whose cause was asked for before a server span of this component came. */
  pendingReevaluation: Span[] | undefined;
  /** The component that has taken over its spans; undefined if none has. */
  mergedInto: Component<Span> | undefined;
}

/** A component without spans. */
export function newComponent<Span>(id: ComponentId, nowNs: number): Component<Span> {
  return {
    id,
    spans: [],
    spanCount: 0,
    touchedNs: nowNs,
    unemittedSinceNs: nowNs,
    emitted: undefined,
    dueNs: 0,
    absorbed: undefined,
    pendingReevaluation: undefined,
    mergedInto: undefined,
    list: undefined,
    previous: undefined,
    next: undefined,
  };
}

/** The component that has the spans now. */
export function surviving<Span>(component: Component<Span>): Component<Span> {
  let current = component;
  while (current.mergedInto !== undefined) current = current.mergedInto;
  return current;
}
