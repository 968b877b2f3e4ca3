import { type KeyBinding, useKeys } from '../shell/keys.ts';
import type { TraceModel } from './model/trace-model.ts';
import type { VisibleRows } from './model/visible-rows.ts';
import type { FoldingState } from './use-folding.ts';
import type { Zoom } from './use-trace-url.ts';
import { filterFieldId } from './view/toolbar.tsx';
import { zoomedAround } from './view/zoomed-around.ts';

/** What keys act on. */
export interface TraceKeys {
  readonly model: TraceModel;
  readonly rows: VisibleRows;
  /** Row of the selected span; -1 for none. */
  readonly selected: number;
  readonly zoom: Zoom;
  readonly folding: FoldingState;
  readonly select: (span: number | undefined) => void;
  readonly setZoom: (zoom: Zoom | undefined) => void;
  readonly setFocus: (call: number | undefined) => void;
}

/** Binds the keys of a trace. */
export function useTraceKeys(keys: TraceKeys): void {
  useKeys('Trace', [...selectionKeys(keys), ...foldingKeys(keys), ...zoomKeys(keys)]);
}

function selectionKeys({ rows, selected, select }: TraceKeys): readonly KeyBinding[] {
  const move = (by: number): void => {
    const count = rows.span.length;
    if (count > 0) select(rows.span[Math.min(count - 1, Math.max(0, selected === -1 ? 0 : selected + by))]);
  };
  const leave = (): void => {
    if (document.activeElement instanceof HTMLInputElement) document.activeElement.blur();
    else select(undefined);
  };
  return [
    { keys: '/', label: 'Filter within the trace', run: () => document.getElementById(filterFieldId)?.focus() },
    { keys: 'j', label: 'Next row', run: () => move(1) },
    { keys: 'ArrowDown', label: 'Next row', run: () => move(1) },
    { keys: 'k', label: 'Row before', run: () => move(-1) },
    { keys: 'ArrowUp', label: 'Row before', run: () => move(-1) },
    { keys: 'Escape', label: 'Leave the field, close the pane', run: leave, inFields: true },
  ];
}

function foldingKeys({ model, rows, selected, folding, setFocus }: TraceKeys): readonly KeyBinding[] {
  const withCall = (act: (call: number) => void) => () => {
    if (selected !== -1) act(model.calls.head[rows.span[selected]!]!);
  };
  const { depth } = folding.folding;
  return [
    { keys: 'Enter', label: 'Open or close what is below', run: withCall(folding.toggle) },
    { keys: 'h', label: 'Show or hide the hops of the call', run: withCall(folding.unfold) },
    {
      keys: 'f',
      label: 'Show only this call and below; again: all',
      run: withCall((call) => setFocus(folding.folding.focus === call ? undefined : call)),
    },
    {
      keys: ',',
      label: 'One level less',
      run: () => folding.setDepth(Math.max(0, Math.min(depth, deepestLevel(model)) - 1)),
    },
    { keys: '.', label: 'One level more', run: () => folding.setDepth(depth + 1) },
    { keys: 'C', label: 'Close all', run: () => folding.setDepth(0) },
    { keys: 'O', label: 'Open all', run: () => folding.setDepth(Infinity) },
  ];
}

function zoomKeys({ model, zoom, setZoom }: TraceKeys): readonly KeyBinding[] {
  const { durationNs } = model;
  const scale = (factor: number) => () => setZoom(zoomedAround(zoom, 0.5, factor, durationNs));
  const pan = (by: number) => () => {
    const length = zoom.toNs - zoom.fromNs;
    const fromNs = Math.min(Math.max(0, zoom.fromNs + by * length), durationNs - length);
    setZoom(length >= durationNs ? undefined : { fromNs, toNs: fromNs + length });
  };
  return [
    { keys: '+', label: 'Zoom in, out, to all', run: scale(0.5) },
    { keys: '-', label: 'Zoom in, out, to all', run: scale(2) },
    { keys: '0', label: 'Zoom in, out, to all', run: () => setZoom(undefined) },
    { keys: '[', label: 'Earlier, later', run: pan(-0.25) },
    { keys: ']', label: 'Earlier, later', run: pan(0.25) },
  ];
}

/** The level of the calls that are deepest. */
export function deepestLevel({ calls }: TraceModel): number {
  return calls.level.reduce((deepest, level) => Math.max(deepest, level), 0);
}
