import { useMemo, useState } from 'react';
import { useKeys } from '../shell/keys.ts';
import { useSize } from '../shell/use-size.ts';
import { shortened } from './figures.ts';
import { type Box, layoutMap, type MapLayout } from './layout-map.ts';
import { MapEdgeLine } from './map-edge-line.tsx';
import { edgeKey, type MapEdge, neighboursOf, type ShownMap } from './map-model.ts';
import { MapNodeBox } from './map-node-box.tsx';
import { nearestNode, type Direction } from './nearest-node.ts';
import { usePanZoom } from './use-pan-zoom.ts';

interface MapPictureProps {
  readonly map: ShownMap;
  readonly isGrouped: boolean;
  /** Length of the time shown. */
  readonly seconds: number;
  readonly selected: string;
  readonly onSelect: (id: string) => void;
}

const directions: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};

const elementId = (at: number): string => `map-node-${at}`;
const edgeId = (at: number): string => `map-edge-${at}`;

/** Nodes and edges, placed in layers. The pointer or the keyboard on one of them dims what it has nothing to do with. */
export function MapPicture(props: MapPictureProps): React.ReactNode {
  const { map, isGrouped, seconds, selected, onSelect } = props;
  const layout = usePlaced(map, isGrouped);
  const [element, setElement] = useState<HTMLElement | null>(null);
  const size = useSize(element);
  const { transform, zoom, fit, show, handlers } = usePanZoom(element, layout, size);
  const [pointed, setPointed] = useState('');
  const [focused, setFocused] = useState('');
  /** The node that had the focus last: `e` goes through its edges. */
  const [origin, setOrigin] = useState('');
  const lit = useLit(map, pointed === '' ? focused : pointed, selected);
  const current = [focused, origin].find((id) => layout.nodes.has(id)) ?? map.nodes[0]?.id ?? '';
  useMapKeys(zoom, fit, () => focusEdge(map, current));
  const onFocus = (id: string): void => {
    setFocused(id);
    if (id !== '') setOrigin(id);
    const box = layout.nodes.get(id);
    if (box !== undefined) show(box);
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const direction = directions[event.key];
    if (direction === undefined) return;
    event.preventDefault();
    const next = nearestNode(layout.nodes, current, direction);
    const at = map.nodes.findIndex(({ id }) => id === next);
    if (at !== -1) document.getElementById(elementId(at))?.focus();
  };
  return (
    <div className="map-picture" ref={setElement}>
      <svg width={size.width} height={size.height} role="group" aria-label="Map of calls" {...handlers}>
        <g transform={transform}>
          <Groups groups={layout.groups} />
          <Edges {...props} layout={layout} lit={lit} onPoint={setPointed} />
          <g role="group" aria-label="Nodes; arrow keys go from one to another" onKeyDown={onKeyDown}>
            {map.nodes.map((node, at) => (
              <MapNodeBox
                key={node.id}
                node={node}
                seconds={seconds}
                box={layout.nodes.get(node.id)!}
                isDim={lit !== undefined && !lit.nodes.has(node.id)}
                isSelected={selected === node.id}
                isCurrent={node.id === current}
                onPoint={setPointed}
                onFocus={onFocus}
                onSelect={onSelect}
                elementId={elementId(at)}
              />
            ))}
          </g>
        </g>
      </svg>
      <ZoomButtons zoom={zoom} fit={fit} />
    </div>
  );
}

interface EdgesProps extends Pick<MapPictureProps, 'map' | 'seconds' | 'selected' | 'onSelect'> {
  readonly layout: MapLayout;
  readonly lit: Lit | undefined;
  readonly onPoint: (key: string) => void;
}

function useMapKeys(zoom: (factor: number) => void, fit: () => void, nextEdge: () => void): void {
  useKeys('Map', [
    { keys: '+', label: 'Zoom in', run: () => zoom(1.25) },
    { keys: '-', label: 'Zoom out', run: () => zoom(0.8) },
    { keys: '0', label: 'Show all', run: fit },
    { keys: 'e', label: 'Next edge of the node', run: nextEdge },
  ]);
}

/** Leads to the edge of a node after the one that has the focus; from its last to its first. */
function focusEdge({ edges }: ShownMap, node: string): void {
  const own = edges.flatMap(({ client, server }, at) => (client === node || server === node ? [edgeId(at)] : []));
  const at = own.indexOf(document.activeElement?.id ?? '');
  document.getElementById(own[(at + 1) % own.length] ?? '')?.focus();
}

function Edges({ map, seconds, selected, onSelect, layout, lit, onPoint }: EdgesProps): React.ReactNode {
  const names = new Map(map.nodes.map(({ id, name }) => [id, name === '' ? 'unknown' : name]));
  return map.edges.map((edge, at) => (
    <MapEdgeLine
      key={edgeKey(edge)}
      edge={edge}
      seconds={seconds}
      name={`${names.get(edge.client)} to ${names.get(edge.server)}`}
      elementId={edgeId(at)}
      place={layout.edges[at]!}
      hasLabel={layout.hasLabels || lit?.edges.has(edgeKey(edge)) === true}
      isDim={lit !== undefined && !lit.edges.has(edgeKey(edge))}
      isSelected={selected === edgeKey(edge)}
      onPoint={onPoint}
      onSelect={onSelect}
    />
  ));
}

interface ZoomButtonsProps {
  readonly zoom: (factor: number) => void;
  readonly fit: () => void;
}

function ZoomButtons({ zoom, fit }: ZoomButtonsProps): React.ReactNode {
  return (
    <div className="map-zoom" role="group" aria-label="Zoom">
      <button type="button" aria-label="Zoom in" title="Zoom in (+)" onClick={() => zoom(1.25)}>
        +
      </button>
      <button type="button" aria-label="Zoom out" title="Zoom out (-)" onClick={() => zoom(0.8)}>
        −
      </button>
      <button type="button" title="Show all (0)" onClick={fit}>
        All
      </button>
    </div>
  );
}

/** Places nodes and edges anew only when there are others, and not when their figures change. */
function usePlaced(map: ShownMap, isGrouped: boolean): MapLayout {
  const nodes = map.nodes.map(({ id, group }) => ({ id, group: isGrouped ? group : '' }));
  const edges = map.edges.map(({ client, server }) => ({ client, server }));
  const structure = JSON.stringify({ nodes, edges });
  return useMemo(() => layoutMap(JSON.parse(structure) as Parameters<typeof layoutMap>[0]), [structure]);
}

interface Lit {
  readonly nodes: ReadonlySet<string>;
  readonly edges: ReadonlySet<string>;
}

/** What has to do with the node or edge that is pointed at, else with the selected one; undefined where none is. */
function useLit(map: ShownMap, pointed: string, selected: string): Lit | undefined {
  return useMemo(() => {
    const id = pointed === '' ? selected : pointed;
    const ends = id.split('\n');
    const isThere = map.nodes.some((node) => node.id === id) || map.edges.some((edge) => edgeKey(edge) === id);
    if (!isThere) return undefined;
    const isEdge = ends.length === 2;
    const touches = (edge: MapEdge): boolean => edge.client === id || edge.server === id;
    return {
      nodes: isEdge ? new Set(ends) : neighboursOf(id, map.edges),
      edges: new Set(isEdge ? [id] : map.edges.filter(touches).map(edgeKey)),
    };
  }, [map, pointed, selected]);
}

function Groups({ groups }: { readonly groups: ReadonlyMap<string, Box> }): React.ReactNode {
  return [...groups].map(([group, { x, y, width, height }]) => (
    <g key={group} className="map-group">
      <title>{group}</title>
      <rect x={x - 4} y={y - 14} width={width + 8} height={height + 18} rx="8" />
      <text x={x + 6} y={y + 2}>
        {shortened(group, Math.floor(width / 8))}
      </text>
    </g>
  ));
}
