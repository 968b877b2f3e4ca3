import { useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import { onThemeChange, shownColors } from '../../shell/theme.ts';
import { useSize } from '../../shell/use-size.ts';
import { durationText } from '../../text/duration.ts';
import type { TraceModel } from '../model/trace-model.ts';
import type { Zoom } from '../use-trace-url.ts';
import { type Colors, colorsOf, openCanvas } from '../../shell/canvas.ts';

const height = 44;
/** A drag of fewer pixels is a click. */
const minDrag = 4;

/** The whole trace at a glance; dragging over it chooses the part that the waterfall shows. */
export function Minimap({
  model,
  hues,
  zoom,
  onZoom,
}: {
  readonly model: TraceModel;
  readonly hues: ReadonlyMap<string, number>;
  readonly zoom: Zoom;
  readonly onZoom: (zoom: Zoom | undefined) => void;
}): React.ReactNode {
  const [box, setBox] = useState<HTMLElement | null>(null);
  const { width } = useSize(box);
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useSyncExternalStore(onThemeChange, shownColors);
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number }>();
  useLayoutEffect(() => {
    const context = openCanvas(canvas.current!, width, height);
    if (context !== undefined) drawOverview(context, model, hues, width, colorsOf(theme));
  }, [model, hues, width, theme]);
  const toNs = (x: number): number => (Math.min(Math.max(0, x), width) / width) * model.durationNs;
  const shown =
    drag === undefined
      ? zoom
      : { fromNs: toNs(Math.min(drag.from, drag.to)), toNs: toNs(Math.max(drag.from, drag.to)) };
  const share = (ns: number): string => `${(ns / model.durationNs) * 100}%`;
  const x = (event: React.PointerEvent): number => event.clientX - event.currentTarget.getBoundingClientRect().left;
  return (
    <div
      className="minimap"
      ref={setBox}
      role="img"
      aria-label={`Whole trace; shown from ${durationText(zoom.fromNs)} to ${durationText(zoom.toNs)}`}
      title="Drag to zoom; + − 0 on the keyboard"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: x(event), to: x(event) });
      }}
      onPointerMove={(event) => drag !== undefined && setDrag({ ...drag, to: x(event) })}
      onPointerUp={() => {
        if (drag !== undefined) onZoom(Math.abs(drag.to - drag.from) < minDrag ? undefined : shown);
        setDrag(undefined);
      }}
      onPointerCancel={() => setDrag(undefined)}
    >
      <canvas ref={canvas} aria-hidden="true" />
      <div className="minimap-shade" style={{ left: 0, width: share(shown.fromNs) }} />
      <div className="minimap-shade" style={{ left: share(shown.toNs), right: 0 }} />
    </div>
  );
}

/** A line for each call, from top to bottom in the order of the tree; where there are more calls than pixels, some share one. */
function drawOverview(
  context: CanvasRenderingContext2D,
  { calls, tree, startNs, durationNs, columns, failed }: TraceModel,
  hues: ReadonlyMap<string, number>,
  width: number,
  colors: Colors,
): void {
  const heads = tree.order
    .filter((span) => calls.head[span] === span)
    .sort((one, other) => startNs[one]! - startNs[other]!);
  const line = Math.max(1, Math.min(4, Math.floor((height - 4) / heads.length)));
  const scale = width / durationNs;
  heads.forEach((head, at) => {
    const y = 2 + Math.floor((at / heads.length) * (height - 4));
    const hue = hues.get(columns.texts[columns.server[head]!]!) ?? 6;
    context.fillStyle = failed[head] === 1 ? colors.bad : colors.hues[hue]!;
    context.fillRect(startNs[head]! * scale, y, Math.max(1, columns.durationNs[head]! * scale), Math.max(1, line - 1));
  });
}
