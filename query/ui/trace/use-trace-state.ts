import { useCallback, useDeferredValue, useMemo } from 'react';
import { type FilterResult, filterSpans, isFiltering } from './model/span-filter.ts';
import { positionOf, spanIdAt } from './model/span-ids.ts';
import type { TraceModel } from './model/trace-model.ts';
import { visibleRows, type VisibleRows } from './model/visible-rows.ts';
import { type FoldingState, useFolding } from './use-folding.ts';
import { useTraceKeys } from './use-trace-keys.ts';
import { type ChangeUrl, type TraceUrl, useTraceUrl, type Zoom, zoomText } from './use-trace-url.ts';
import { serviceHues } from './view/service-hues.ts';

/** What of a trace is shown, and what changes it. */
export interface TraceState {
  readonly url: TraceUrl;
  readonly change: ChangeUrl;
  readonly foldingState: FoldingState;
  /** What the filter finds; undefined where there is none. */
  readonly found: FilterResult | undefined;
  readonly rows: VisibleRows;
  readonly hues: ReadonlyMap<string, number>;
  readonly zoom: Zoom;
  /** The selected span, and the row that shows it; -1 for none. */
  readonly position: number;
  readonly selected: number;
  readonly select: (span: number | undefined) => void;
  readonly setZoom: (zoom: Zoom | undefined) => void;
  readonly setFocus: (call: number | undefined) => void;
}

/** Keeps it, mostly in the address, and binds its keys. */
export function useTraceState(model: TraceModel): TraceState {
  const [url, change] = useTraceUrl();
  const foldingState = useFolding(model, url, change);
  const { folding } = foldingState;
  const filter = useDeferredValue(url.filter);
  const hues = useMemo(() => serviceHues(model), [model]);
  const found = useMemo(() => (isFiltering(filter) ? filterSpans(model, filter) : undefined), [model, filter]);
  const rows = useMemo(
    () => visibleRows(model, folding, url.onlyMatches ? found : undefined),
    [model, folding, found, url.onlyMatches],
  );
  const zoom = url.zoom ?? { fromNs: 0, toNs: model.durationNs };
  const position = useMemo(() => positionOf(model.columns.ids, url.span), [model, url.span]);
  const selected = useMemo(() => rowOf(model, rows, position), [model, rows, position]);
  const select = useCallback(
    (span: number | undefined) => change({ span: span === undefined ? '' : spanIdAt(model.columns.ids, span) }),
    [change, model],
  );
  const setZoom = useCallback(
    (to: Zoom | undefined) => change({ zoom: to === undefined ? '' : zoomText(to) }),
    [change],
  );
  const setFocus = useCallback(
    (call: number | undefined) => change({ focus: call === undefined ? '' : spanIdAt(model.columns.ids, call) }),
    [change, model],
  );
  useTraceKeys({ model, rows, selected, zoom, folding: foldingState, select, setZoom, setFocus });
  return { url, change, foldingState, found, rows, hues, zoom, position, selected, select, setZoom, setFocus };
}

/** The row of a span: its own where its call is unfolded, else that of its call. -1 where neither is shown. */
function rowOf({ calls }: TraceModel, { span, isHop }: VisibleRows, position: number): number {
  if (position === -1) return -1;
  const head = calls.head[position]!;
  let lane = -1;
  for (let row = 0; row < span.length; row++) {
    if (span[row] === position && (isHop[row] === 1 || position !== head)) return row;
    if (span[row] === head && isHop[row] === 0) lane = row;
  }
  return lane;
}
