/**
 * Places nodes in layers, clients left of servers (Sugiyama, by dagre). Sizes do not depend on figures, and nodes are taken in the
 * order of their ids, so the picture only changes when nodes or edges do.
 */
import { Graph, layout } from '@dagrejs/dagre';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A rectangle by its upper left corner. */
export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

/** What is to be placed. */
export interface MapStructure {
  readonly nodes: readonly { readonly id: string; readonly group: string }[];
  readonly edges: readonly { readonly client: string; readonly server: string }[];
}

/** Where everything is, in pixels at natural size. */
export interface MapLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, Box>;
  /** In the order of the structure's edges: a line from client to server, and where its label is centred. */
  readonly edges: readonly { readonly points: readonly Point[]; readonly label: Point }[];
  readonly groups: ReadonlyMap<string, Box>;
  /** There is room for labels beside the edges. */
  readonly hasLabels: boolean;
}

export const nodeSize = { width: 192, height: 54 } as const;
const labelSize = { width: 108, height: 40 } as const;
/** With more edges than these, labels would fill the picture. */
const maxLabels = 60;
const margin = 24;
/** Room below a node that calls itself. */
const loopHeight = 34;

/** Places nodes and edges. */
export function layoutMap({ nodes, edges }: MapStructure): MapLayout {
  const hasLabels = edges.length <= maxLabels;
  const graph = new Graph({ compound: true });
  graph.setGraph({
    rankdir: 'LR',
    nodesep: 30,
    ranksep: hasLabels ? 36 : 90,
    edgesep: 12,
    marginx: margin,
    marginy: margin,
  });
  const loops = new Set(edges.flatMap(({ client, server }) => (client === server ? [client] : [])));
  const groups = [...new Set(nodes.map((node) => node.group).filter((name) => name !== ''))];
  for (const group of groups.toSorted()) graph.setNode(groupKey(group), {});
  for (const { id, group } of nodes.toSorted((left, right) => (left.id < right.id ? -1 : 1))) {
    graph.setNode(nodeKey(id), { width: nodeSize.width, height: nodeSize.height + (loops.has(id) ? loopHeight : 0) });
    if (group !== '') graph.setParent(nodeKey(id), groupKey(group));
  }
  const between = edges.filter(({ client, server }) => client !== server);
  for (const { client, server } of between.toSorted((left, right) => (lineKey(left) < lineKey(right) ? -1 : 1)))
    graph.setEdge(nodeKey(client), nodeKey(server), hasLabels ? { ...labelSize, labelpos: 'c' } : {});
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { readonly width?: number; readonly height?: number };
  const boxOf = (key: string): Box => boxAround(graph.node(key) as Box);
  const boxes = new Map(nodes.map(({ id }) => [id, { ...boxOf(nodeKey(id)), ...nodeSize }]));
  return {
    width: finite(width),
    height: finite(height),
    nodes: boxes,
    edges: edges.map(({ client, server }) =>
      client === server
        ? loopOf(boxes.get(client)!)
        : touching(
            lineOf(graph.edge(nodeKey(client), nodeKey(server)) as unknown as DagreEdge),
            boxes.get(client)!,
            boxes.get(server)!,
          ),
    ),
    groups: new Map(groups.map((group) => [group, boxOf(groupKey(group))])),
    hasLabels,
  };
}

const nodeKey = (id: string): string => `n${id}`;
const groupKey = (group: string): string => `g${group}`;
const lineKey = ({ client, server }: MapStructure['edges'][number]): string => `${client}\n${server}`;

/** Dagre gives centres. */
function boxAround({ x, y, width, height }: Box): Box {
  return { x: x - width / 2, y: y - height / 2, width, height };
}

interface DagreEdge extends Partial<Point> {
  readonly points: readonly Point[];
}

function lineOf({ points, x, y }: DagreEdge): MapLayout['edges'][number] {
  const middle = points[Math.floor(points.length / 2)]!;
  return { points, label: { x: x ?? middle.x, y: y ?? middle.y } };
}

/** Begins and ends at the boxes, without the room below them that dagre took for part of them. */
function touching({ points, label }: MapLayout['edges'][number], client: Box, server: Box): MapLayout['edges'][number] {
  const onBox = ({ x, y }: Point, box: Box): Point => ({ x, y: Math.min(Math.max(y, box.y), box.y + box.height) });
  const [first, last] = [points[0]!, points.at(-1)!];
  return { points: [onBox(first, client), ...points.slice(1, -1), onBox(last, server)], label };
}

/** A call of itself: out at the bottom of a node and in again. */
function loopOf({ x, y, height }: Box): MapLayout['edges'][number] {
  const bottom = y + height;
  const points = [
    { x: x + 20, y: bottom },
    { x: x + 20, y: bottom + loopHeight },
    { x: x + 60, y: bottom + loopHeight },
    { x: x + 60, y: bottom },
  ];
  return { points, label: { x: x + 116, y: bottom + 24 } };
}

const finite = (value: number): number => (Number.isFinite(value) ? value : 0);
