import type { ComponentId } from './link/link-store.ts';
import type { RevisionPace } from './revision-pace.ts';
import type { RecencyItem } from './recency-list.ts';

/** What is out of a trace. */
export interface EmittedTrace {
  readonly traceId: string;
  /** Counts first emissions: the lower one survives a merge. */
  readonly order: number;
  readonly revision: number;
  readonly pace: RevisionPace;
}

/** Spans that belong together as far as is known. */
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
  /** Event time at which something is to be done, while it is in a list of those. */
  dueNs: number;
  /** Emitted traces that became part of this one, not announced yet. */
  absorbed: EmittedTrace[] | undefined;
  /** Calls, here or elsewhere, whose cause was asked for before a server span of this component came. */
  pendingReevaluation: Span[] | undefined;
  /** Not undefined when another component has taken over its spans. */
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
