import { useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import { onThemeChange, shownColors } from '../../shell/theme.ts';
import { useSize } from '../../shell/use-size.ts';
import type { FilterResult } from '../model/span-filter.ts';
import type { TraceModel } from '../model/trace-model.ts';
import { type Folding, isOpen, type VisibleRows } from '../model/visible-rows.ts';
import type { Zoom } from '../use-trace-url.ts';
import { colorsOf, openCanvas } from '../../shell/canvas.ts';
import { drawBars, rowHeight } from './draw-bars.ts';
import { Row } from './row.tsx';
import { TimeAxis } from './time-axis.tsx';
import { zoomedAround } from './zoomed-around.ts';

/** What the waterfall shows, and what a person can do with it. */
export interface WaterfallProps {
  readonly model: TraceModel;
  readonly rows: VisibleRows;
  readonly folding: Folding;
  readonly filter: FilterResult | undefined;
  readonly hues: ReadonlyMap<string, number>;
  readonly zoom: Zoom;
  /** Row of the selected span; -1 for none. */
  readonly selected: number;
  readonly onSelect: (span: number) => void;
  readonly onToggle: (call: number) => void;
  readonly onUnfold: (call: number) => void;
  readonly onZoom: (zoom: Zoom | undefined) => void;
}

/** Rows are drawn in steps of so many, so that most scrolling draws nothing anew. */
const step = 6;

/** Calls as rows: names at the left, when they ran at the right. Only rows that are in sight exist. */
export function Waterfall(props: WaterfallProps): React.ReactNode {
  const { model, rows, hues, selected, zoom } = props;
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  const { width, height } = useSize(scroller);
  const [firstStep, setFirstStep] = useState(0);
  const nameWidth = Math.round(Math.min(Math.max(260, width * 0.4), 560));
  const count = rows.span.length;
  const first = Math.max(0, Math.min(firstStep * step - step, count - 1));
  const last = Math.min(count, first + Math.ceil(height / rowHeight) + 3 * step);
  useScrollTo(scroller, selected);
  const size = { width: Math.max(0, width - nameWidth), nameWidth };
  return (
    <div className="waterfall">
      <TimeAxis model={model} zoom={zoom} {...size} onZoom={props.onZoom} />
      <div
        className="rows"
        ref={setScroller}
        role="treegrid"
        tabIndex={0}
        aria-label="Calls of the trace"
        aria-rowcount={count}
        aria-activedescendant={selected === -1 ? undefined : `row-${rows.span[selected]}-${rows.isHop[selected]}`}
        onScroll={({ currentTarget }) => setFirstStep(Math.floor(currentTarget.scrollTop / rowHeight / step))}
      >
        <div role="presentation" style={{ height: count * rowHeight }}>
          <div role="presentation" className="row-window" style={{ transform: `translateY(${first * rowHeight}px)` }}>
            <Bars {...props} first={first} last={last} {...size} />
            {Array.from({ length: Math.max(0, last - first) }, (_, at) => (
              <WaterfallRow key={at} {...props} row={first + at} nameWidth={nameWidth} hues={hues} />
            ))}
          </div>
        </div>
      </div>
    </div>
  );
}

function WaterfallRow(props: WaterfallProps & { readonly row: number; readonly nameWidth: number }): React.ReactNode {
  const { model, rows, row, folding, filter, hues } = props;
  const span = rows.span[row]!;
  const isHop = rows.isHop[row] === 1;
  const { calls, columns } = model;
  const below = calls.below.offsets[span + 1]! - calls.below.offsets[span]!;
  const server = columns.texts[columns.server[span]!]!;
  return (
    <Row
      model={model}
      span={span}
      row={row}
      isHop={isHop}
      level={rows.level[row]!}
      below={isHop ? 0 : below}
      isOpen={isOpen(folding, span, rows.level[row]!)}
      isUnfolded={folding.unfolded.has(span)}
      isDim={filter !== undefined && filter.matches[calls.head[span]!] === 0}
      isSelected={props.selected === row}
      hue={hues.get(server)}
      nameWidth={props.nameWidth}
      onSelect={props.onSelect}
      onToggle={props.onToggle}
      onUnfold={props.onUnfold}
    />
  );
}

function Bars(
  props: WaterfallProps & {
    readonly first: number;
    readonly last: number;
    readonly width: number;
    readonly nameWidth: number;
  },
): React.ReactNode {
  const { model, rows, first, last, zoom, width, hues, filter, nameWidth, onZoom } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useSyncExternalStore(onThemeChange, shownColors);
  useLayoutEffect(() => {
    const context = openCanvas(canvas.current!, width, (last - first) * rowHeight);
    if (context === undefined) return;
    const { texts, server } = model.columns;
    const hueOf = (span: number): number => hues.get(texts[server[span]!]!) ?? 6;
    drawBars(context, { model, rows, first, last, zoom, width, hueOf, matches: filter?.matches }, colorsOf(theme));
  }, [model, rows, first, last, zoom, width, hues, filter, theme]);
  useWheelZoom(canvas, zoom, model.durationNs, onZoom);
  return <canvas ref={canvas} aria-hidden="true" className="bars" style={{ left: nameWidth }} />;
}

/** Keeps the selected row in sight. */
function useScrollTo(scroller: HTMLElement | null, row: number): void {
  useLayoutEffect(() => {
    if (scroller === null || row === -1) return;
    const top = row * rowHeight;
    if (top < scroller.scrollTop) scroller.scrollTo({ top: top - rowHeight });
    else if (top + rowHeight > scroller.scrollTop + scroller.clientHeight)
      scroller.scrollTo({ top: top + 2 * rowHeight - scroller.clientHeight });
  }, [scroller, row]);
}

/** The wheel with Ctrl, Alt or Cmd zooms around the pointer. React listens to wheels passively, which could not keep the page still. */
function useWheelZoom(
  canvas: React.RefObject<HTMLCanvasElement | null>,
  zoom: Zoom,
  durationNs: number,
  onZoom: (zoom: Zoom | undefined) => void,
): void {
  useLayoutEffect(() => {
    const element = canvas.current?.closest<HTMLElement>('.row-window');
    const onWheel = (event: WheelEvent): void => {
      if (!(event.ctrlKey || event.altKey || event.metaKey)) return;
      event.preventDefault();
      const box = canvas.current!.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      onZoom(zoomedAround(zoom, share, event.deltaY > 0 ? 1.25 : 0.8, durationNs));
    };
    element?.addEventListener('wheel', onWheel, { passive: false });
    return () => element?.removeEventListener('wheel', onWheel);
  }, [canvas, zoom, durationNs, onZoom]);
}
