import { arrowPath, edgePath } from './edge-path.ts';
import { edgeFigures, edgeRoundTrip, edgeTroubles, edgeWidth } from './figures.ts';
import type { MapLayout, Point } from './layout-map.ts';
import { edgeKey, type MapEdge } from './map-model.ts';

interface MapEdgeLineProps {
  readonly edge: MapEdge;
  readonly seconds: number;
  /** `client to server`. */
  readonly name: string;
  readonly elementId: string;
  readonly place: MapLayout['edges'][number];
  readonly hasLabel: boolean;
  readonly isDim: boolean;
  readonly isSelected: boolean;
  readonly onPoint: (key: string) => void;
  readonly onSelect: (key: string) => void;
}

/** One edge: its width says the rate, dashes say errors, and so does its text. By keyboard, `e` on a node leads to its edges. */
export function MapEdgeLine(props: MapEdgeLineProps): React.ReactNode {
  const { edge, seconds, name, elementId, place, hasLabel, isDim, isSelected, onPoint, onSelect } = props;
  const width = edgeWidth(edge, seconds);
  const path = edgePath(place.points);
  const classes = ['map-edge'];
  if (isDim) classes.push('map-dim');
  if (isSelected) classes.push('map-selected');
  if (edge.errors > 0) classes.push('map-edge-errors');
  return (
    <g
      className={classes.join(' ')}
      id={elementId}
      role="button"
      tabIndex={-1}
      aria-pressed={isSelected}
      aria-label={`Edge from ${name}: ${labelLines(edge, seconds).join(' ')}`}
      onFocus={() => onPoint(edgeKey(edge))}
      onBlur={() => onPoint('')}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        onSelect(isSelected ? '' : edgeKey(edge));
      }}
      onPointerEnter={() => onPoint(edgeKey(edge))}
      onPointerLeave={() => onPoint('')}
      onClick={() => onSelect(isSelected ? '' : edgeKey(edge))}
    >
      <path d={path} className="map-edge-area" />
      <path d={path} className="map-edge-line" strokeWidth={width} />
      <path d={arrowPath(place.points, 7 + width)} className="map-edge-head" />
      {hasLabel ? <EdgeLabel edge={edge} seconds={seconds} at={place.label} /> : undefined}
    </g>
  );
}

interface EdgeLabelProps {
  readonly edge: MapEdge;
  readonly seconds: number;
  readonly at: Point;
}

const labelLines = (edge: MapEdge, seconds: number): readonly string[] =>
  [edgeFigures(edge, seconds), edgeTroubles(edge).join(' '), edgeRoundTrip(edge)].filter((line) => line !== '');

/** Lines of text above a point of the edge. */
function EdgeLabel({ edge, seconds, at }: EdgeLabelProps): React.ReactNode {
  const troubles = edgeTroubles(edge).join(' ');
  const lines = labelLines(edge, seconds);
  return (
    <text x={at.x} y={at.y - 6 - (lines.length - 1) * 12}>
      {lines.map((line, number) => (
        <tspan
          key={line}
          x={at.x}
          dy={number === 0 ? 0 : 12}
          className={line === troubles && edge.errors > 0 ? 'map-bad' : undefined}
        >
          {`${line} `}
        </tspan>
      ))}
    </text>
  );
}
