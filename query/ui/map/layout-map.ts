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
/** Time to place nodes grows with the edges by which they are placed. */
const maxPlaced = 90;
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
  for (const { client, server } of placedEdges(edges))
    graph.setEdge(nodeKey(client), nodeKey(server), hasLabels ? { ...labelSize, labelpos: 'c' } : {});
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { readonly width?: number; readonly height?: number };
  const boxOf = (key: string): Box => boxAround(graph.node(key) as Box);
  const boxes = new Map(nodes.map(({ id }) => [id, { ...boxOf(nodeKey(id)), ...nodeSize }]));
  return {
    width: finite(width),
    height: finite(height),
    nodes: boxes,
    edges: edges.map(({ client, server }) => {
      const [from, to] = [boxes.get(client)!, boxes.get(server)!];
      if (client === server) return loopOf(from);
      const placed = graph.edge(nodeKey(client), nodeKey(server)) as unknown as DagreEdge | undefined;
      return placed === undefined ? direct(from, to) : touching(lineOf(placed), from, to);
    }),
    groups: new Map(groups.map((group) => [group, boxOf(groupKey(group))])),
    hasLabels,
  };
}

const nodeKey = (id: string): string => `n${id}`;
const groupKey = (group: string): string => `g${group}`;
const lineKey = ({ client, server }: MapStructure['edges'][number]): string => `${client}\n${server}`;

/**
 * Edges by which nodes are placed: those that hold the picture together, then others, up to {@link maxPlaced}; more would take
 * too long. Which ones depends on nothing but the structure.
 */
function placedEdges(edges: MapStructure['edges']): MapStructure['edges'] {
  const all = edges
    .filter(({ client, server }) => client !== server)
    .toSorted((left, right) => (lineKey(left) < lineKey(right) ? -1 : 1));
  if (all.length <= maxPlaced) return all;
  const parts = new Map<string, string>();
  const partOf = (id: string): string => {
    let at = id;
    for (let next = parts.get(at); next !== undefined; next = parts.get(at)) at = next;
    return at;
  };
  const joins = (edge: MapStructure['edges'][number]): boolean => {
    const [client, server] = [partOf(edge.client), partOf(edge.server)];
    if (client === server) return false;
    parts.set(client, server);
    return true;
  };
  const holding = new Set(all.filter(joins));
  const others = all.filter((edge) => !holding.has(edge));
  return [...holding, ...others.slice(0, Math.max(0, maxPlaced - holding.size))];
}

/** A line between boxes past whatever lies between them: out at the side where the other one is. */
function direct(from: Box, to: Box): MapLayout['edges'][number] {
  const isForward = to.x >= from.x;
  const first = { x: isForward ? from.x + from.width : from.x, y: from.y + from.height / 2 };
  const last = { x: isForward ? to.x : to.x + to.width, y: to.y + to.height / 2 };
  const middle = { x: (first.x + last.x) / 2, y: (first.y + last.y) / 2 };
  return { points: [first, middle, last], label: middle };
}

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
