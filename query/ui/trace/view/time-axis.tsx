import { durationText } from '../../text/duration.ts';
import type { TraceModel } from '../model/trace-model.ts';
import type { Zoom } from '../use-trace-url.ts';
import { tickMarks } from '../../shell/canvas.ts';
import { timeScale } from './draw-bars.ts';

/** The head of the waterfall: what the bars mean, and when it was, since the trace began. */
export function TimeAxis({
  model,
  zoom,
  width,
  nameWidth,
  onZoom,
}: {
  readonly model: TraceModel;
  readonly zoom: Zoom;
  readonly width: number;
  readonly nameWidth: number;
  readonly onZoom: (zoom: Zoom | undefined) => void;
}): React.ReactNode {
  const x = timeScale(zoom, width);
  const isZoomed = zoom.toNs - zoom.fromNs < model.durationNs;
  return (
    <div className="axis">
      <div className="axis-name" style={{ width: nameWidth }}>
        <span>Call</span>
        <Legend />
        {isZoomed ? (
          <button type="button" className="link" onClick={() => onZoom(undefined)}>
            Show all
          </button>
        ) : undefined}
      </div>
      <div className="axis-time" aria-hidden="true">
        {width === 0
          ? undefined
          : tickMarks(zoom.fromNs, zoom.toNs, width / 130).map((mark) => (
              <span key={mark} style={{ left: x(mark) }}>
                {mark === 0 ? '0' : durationText(mark)}
              </span>
            ))}
      </div>
    </div>
  );
}

function Legend(): React.ReactNode {
  return (
    <span className="legend">
      <span className="key key-own" /> at work
      <span className="key key-waits" /> waits for calls
      <span className="key key-network" /> network
      <span className="key key-unseen" /> not seen inside
    </span>
  );
}
