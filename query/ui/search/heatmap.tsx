import { useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { HeatmapAnswer } from '../../api/routes/heatmap.ts';
import { onThemeChange, shownColors } from '../shell/theme.ts';
import { useSize } from '../shell/use-size.ts';
import { durationText } from '../text/duration.ts';
import { momentText } from '../text/moment.ts';
import { colorsOf, openCanvas } from '../shell/canvas.ts';
import { boxText, parseBox } from './box.ts';
import { type Area, areaOfBox, boxOfArea, cellAt, draggedArea, movedArea, sizeOf } from './heatmap-area.ts';
import { useHeatmap } from './use-heatmap.ts';
import type { ChangeSearch, SearchUrl } from './use-search-url.ts';

const height = 132;
const marginLeft = 62;

/** Traces by when they began and how long they took. Dragging a box says what to compare with the rest. */
export function Heatmap({ url, change }: { readonly url: SearchUrl; readonly change: ChangeSearch }): React.ReactNode {
  const heatmap = useHeatmap(url);
  if (heatmap === undefined || heatmap.cells.length === 0) return undefined;
  return <DrawnHeatmap heatmap={heatmap} url={url} change={change} />;
}

function DrawnHeatmap({
  heatmap,
  url,
  change,
}: {
  readonly heatmap: HeatmapAnswer;
  readonly url: SearchUrl;
  readonly change: ChangeSearch;
}): React.ReactNode {
  const [element, setElement] = useState<HTMLElement | null>(null);
  const { width } = useSize(element);
  const box = parseBox(url.box);
  const [drag, setDrag] = useState<Area>();
  const area = drag ?? (box === undefined ? undefined : areaOfBox(heatmap, box));
  const inner = Math.max(1, width - marginLeft);
  const cell = (event: React.PointerEvent): ReturnType<typeof cellAt> => {
    const place = event.currentTarget.getBoundingClientRect();
    return cellAt(heatmap, (event.clientX - place.left) / place.width, 1 - (event.clientY - place.top) / place.height);
  };
  const choose = (chosen: Area): void => change({ box: boxText(boxOfArea(heatmap, chosen)) });
  return (
    <section className="heatmap" ref={setElement} aria-label="Traces by time and duration">
      <Axes heatmap={heatmap} />
      <div
        className="heatmap-cells"
        role="application"
        tabIndex={0}
        aria-label="Box of the heatmap: arrow keys move it, with Shift they resize it, Escape removes it"
        style={{ left: marginLeft, width: inner, height }}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag(draggedArea(cell(event), cell(event)));
        }}
        onPointerMove={(event) => {
          if (drag?.anchor !== undefined) setDrag(draggedArea(drag.anchor, cell(event)));
        }}
        onPointerUp={() => {
          if (drag !== undefined) choose(drag);
          setDrag(undefined);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && url.box !== '') {
            event.preventDefault();
            change({ box: '' });
          }
          const moved = movedArea(heatmap, area, event.key, event.shiftKey);
          if (moved === undefined) return;
          event.preventDefault();
          choose(moved);
        }}
      >
        <Cells heatmap={heatmap} width={inner} />
        {area === undefined ? undefined : <BoxFrame heatmap={heatmap} area={area} />}
      </div>
      <HeatmapTable heatmap={heatmap} />
    </section>
  );
}

function BoxFrame({ heatmap, area }: { readonly heatmap: HeatmapAnswer; readonly area: Area }): React.ReactNode {
  const { columns, rows } = sizeOf(heatmap);
  return (
    <div
      className="heatmap-box"
      style={{
        left: `${(area.left / columns) * 100}%`,
        width: `${((area.right + 1 - area.left) / columns) * 100}%`,
        bottom: `${(area.bottom / rows) * 100}%`,
        height: `${((area.top + 1 - area.bottom) / rows) * 100}%`,
      }}
    />
  );
}

function Cells({ heatmap, width }: { readonly heatmap: HeatmapAnswer; readonly width: number }): React.ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useSyncExternalStore(onThemeChange, shownColors);
  useLayoutEffect(() => {
    const context = openCanvas(canvas.current!, width, height);
    if (context === undefined) return;
    const colors = colorsOf(theme);
    const { columns, rows } = sizeOf(heatmap);
    const most = heatmap.cells.reduce((largest, { traces }) => Math.max(largest, traces), 1);
    const [cellWidth, cellHeight] = [width / columns, height / rows];
    for (const { column, row, traces, errors } of heatmap.cells) {
      context.globalAlpha = 0.2 + 0.8 * (Math.log1p(traces) / Math.log1p(most));
      context.fillStyle = colors.accent;
      const [x, y] = [column * cellWidth, height - (row + 1) * cellHeight];
      context.fillRect(x, y, Math.max(1, cellWidth - 0.5), Math.max(1, cellHeight - 0.5));
      if (errors === 0) continue;
      // By shape, too: a corner is cut.
      context.globalAlpha = 1;
      context.fillStyle = colors.bad;
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + Math.min(cellWidth, cellHeight), y);
      context.lineTo(x, y + Math.min(cellWidth, cellHeight));
      context.fill();
    }
  }, [heatmap, width, theme]);
  return <canvas ref={canvas} aria-hidden="true" />;
}

function Axes({ heatmap }: { readonly heatmap: HeatmapAnswer }): React.ReactNode {
  const bounds = heatmap.durations_ns;
  const marks = [bounds.length - 1, Math.floor((bounds.length - 1) / 2), 0];
  return (
    <div aria-hidden="true">
      <div className="heatmap-durations" style={{ width: marginLeft - 6, height }}>
        {marks.map((mark) => (
          <span key={mark}>{durationText(bounds[mark] ?? 0)}</span>
        ))}
      </div>
      <div className="heatmap-times" style={{ marginLeft, marginTop: height }}>
        <span>{momentText(BigInt(heatmap.from_ns)).slice(0, -4)}</span>
        <span>drag a box to see what is different in it{heatmap.is_sampled ? '; of a sample of the traces' : ''}</span>
        <span>{momentText(BigInt(heatmap.to_ns)).slice(0, -4)}</span>
      </div>
    </div>
  );
}

/** The same for those who do not see it: a line for each column with traces. */
function HeatmapTable({ heatmap }: { readonly heatmap: HeatmapAnswer }): React.ReactNode {
  const columns = [...Map.groupBy(heatmap.cells, ({ column }) => column)].sort(([one], [other]) => one - other);
  return (
    <table className="only-read">
      <caption>Traces by time</caption>
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col">Traces</th>
          <th scope="col">Failed</th>
          <th scope="col">Longest</th>
        </tr>
      </thead>
      <tbody>
        {columns.map(([column, cells]) => (
          <tr key={column}>
            <td>{momentText(BigInt(heatmap.from_ns) + BigInt(Math.round(column * heatmap.step_ns)))}</td>
            <td>{cells.reduce((sum, { traces }) => sum + traces, 0)}</td>
            <td>{cells.reduce((sum, { errors }) => sum + errors, 0)}</td>
            <td>{durationText(heatmap.durations_ns[Math.max(...cells.map(({ row }) => row)) + 1] ?? 0)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
