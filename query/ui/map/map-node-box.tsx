import { nodeFigures, shortened } from './figures.ts';
import type { Box } from './layout-map.ts';
import type { MapNode } from './map-model.ts';

interface MapNodeBoxProps {
  readonly node: MapNode;
  readonly seconds: number;
  readonly box: Box;
  readonly elementId: string;
  readonly isDim: boolean;
  readonly isSelected: boolean;
  /** The one that the tabulator key leads to. */
  readonly isCurrent: boolean;
  readonly onPoint: (id: string) => void;
  readonly onFocus: (id: string) => void;
  readonly onSelect: (id: string) => void;
}

/** One node: its name and what it served. */
export function MapNodeBox(props: MapNodeBoxProps): React.ReactNode {
  const { node, seconds, box, isDim, isSelected, isCurrent, onPoint, onFocus, onSelect } = props;
  const figures = nodeFigures(node, seconds);
  const name = node.name === '' ? 'unknown' : node.name;
  const shownName = shortened(name, 20);
  const classes = ['map-node'];
  if (isDim) classes.push('map-dim');
  if (isSelected) classes.push('map-selected');
  if (node.is_outside) classes.push('map-outside');
  return (
    <g
      id={props.elementId}
      className={classes.join(' ')}
      transform={`translate(${box.x} ${box.y})`}
      role="button"
      tabIndex={isCurrent ? 0 : -1}
      aria-pressed={isSelected}
      onPointerEnter={() => onPoint(node.id)}
      onPointerLeave={() => onPoint('')}
      onFocus={() => onFocus(node.id)}
      onBlur={() => onFocus('')}
      onClick={() => onSelect(isSelected ? '' : node.id)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        onSelect(isSelected ? '' : node.id);
      }}
    >
      <rect width={box.width} height={box.height} rx="6" />
      {node.errors > 0 ? (
        <rect className="map-node-errors" width="4" height={box.height - 12} x="4" y="6" rx="2" />
      ) : undefined}
      <text x="14" y="21" className="map-node-name">
        {`${shownName} `}
      </text>
      <text x="14" y="40" className="map-node-figures">
        {figures.map((figure, at) => (
          <tspan key={figure} className={figure.startsWith('✕') ? 'map-bad' : undefined}>
            {at === 0 ? figure : ` · ${figure}`}
          </tspan>
        ))}
      </text>
      {node.is_outside ? (
        <text x={box.width - 8} y="14" className="map-node-kind">
          {' outside'}
        </text>
      ) : undefined}
    </g>
  );
}
