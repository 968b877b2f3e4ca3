/** What of a topology is drawn: the busiest nodes, or those that a person looks for with their neighbours; never too many. */
import type { TopologyAnswer } from '../../api/routes/topology.ts';

export type MapNode = TopologyAnswer['nodes'][number];
export type MapEdge = TopologyAnswer['edges'][number];

/** What is drawn of a topology. */
export interface ShownMap {
  readonly nodes: readonly MapNode[];
  /** Between them. */
  readonly edges: readonly MapEdge[];
  /** Nodes that match and are not drawn. */
  readonly hiddenNodes: number;
  /** Edges between drawn nodes that are not drawn. */
  readonly hiddenEdges: number;
}

/** Bounds of what is drawn. */
export interface MapBounds {
  readonly nodes: number;
  readonly edges: number;
}

/** The key of an edge: ids have no line breaks in addresses of pages. */
export const edgeKey = ({ client, server }: Pick<MapEdge, 'client' | 'server'>): string => `${client}\n${server}`;

/** The busiest nodes, by calls served and made, and the busiest edges between them. @param text part of a name, in any case; empty for all */
export function shownMap(topology: TopologyAnswer, text: string, bounds: MapBounds): ShownMap {
  const weights = busyness(topology);
  const matching = matchingNodes(topology, text);
  const byWeight = (left: MapNode, right: MapNode): number =>
    Number(matching.found.has(right.id)) - Number(matching.found.has(left.id)) ||
    weights.get(right.id)! - weights.get(left.id)! ||
    (left.id < right.id ? -1 : 1);
  const all = matching.nodes.toSorted(byWeight);
  const nodes = all.slice(0, bounds.nodes);
  const drawn = new Set(nodes.map(({ id }) => id));
  const between = topology.edges.filter(({ client, server }) => drawn.has(client) && drawn.has(server));
  const edges = between.toSorted((left, right) => right.calls - left.calls).slice(0, bounds.edges);
  return { nodes, edges, hiddenNodes: all.length - nodes.length, hiddenEdges: between.length - edges.length };
}

/** Calls that each node served or made. */
function busyness({ nodes, edges }: TopologyAnswer): ReadonlyMap<string, number> {
  const weights = new Map(nodes.map(({ id, calls }) => [id, calls]));
  for (const { client, calls } of edges) weights.set(client, (weights.get(client) ?? 0) + calls);
  return weights;
}

/** Nodes whose name has the text, and those one call away. */
function matchingNodes(
  { nodes, edges }: TopologyAnswer,
  text: string,
): { readonly nodes: readonly MapNode[]; readonly found: ReadonlySet<string> } {
  if (text === '') return { nodes, found: new Set() };
  const wanted = text.toLowerCase();
  const found = new Set(nodes.filter(({ name }) => name.toLowerCase().includes(wanted)).map(({ id }) => id));
  const near = new Set(found);
  for (const { client, server } of edges) {
    if (found.has(client)) near.add(server);
    if (found.has(server)) near.add(client);
  }
  return { nodes: nodes.filter(({ id }) => near.has(id)), found };
}

/** Ids of a node and all that it calls or is called by. */
export function neighboursOf(id: string, edges: readonly MapEdge[]): ReadonlySet<string> {
  const near = new Set([id]);
  for (const { client, server } of edges) {
    if (client === id) near.add(server);
    if (server === id) near.add(client);
  }
  return near;
}
