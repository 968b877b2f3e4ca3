/** Conditions of `where` that select the calls of a node or of an edge. */
import { tags } from '../../../schemas/tags.ts';
import type { MapEdge, MapNode } from './map-model.ts';

/** What a node of the map is. */
export const mapLevels = ['service', 'workload', 'pod', 'process', 'host'] as const;
export type MapLevel = (typeof mapLevels)[number];

/** What nodes are grouped by. */
export const mapGroups = ['none', 'namespace', 'zone', 'node'] as const;
export type MapGroup = (typeof mapGroups)[number];

/** Kinds of resources that a condition knows by name. */
const named: ReadonlySet<string> = new Set(tags.map(({ kind }) => kind));

/**
 * The condition that a side of a call is this node. Where no resource of the level is known, a node is the service; where none is
 * known at all, all sides match of which that is so.
 */
export function nodeCondition(side: 'client' | 'server', { name, kind }: MapNode, level: MapLevel): string {
  if (kind === level && level !== 'service') return `${side}.${level} = ${quoted(name)}`;
  const service = `${side}.auto_service = ${quoted(named.has(kind) ? name : '')}`;
  return level === 'service' ? service : `${side}.${level} = '' and ${service}`;
}

/** The condition that a call is of this edge. */
export function edgeCondition(edge: MapEdge, nodes: ReadonlyMap<string, MapNode>, level: MapLevel): string {
  const [client, server] = [nodes.get(edge.client), nodes.get(edge.server)];
  return [
    ...(client === undefined ? [] : [nodeCondition('client', client, level)]),
    ...(server === undefined ? [] : [nodeCondition('server', server, level)]),
  ].join(' and ');
}

/** A text in a condition. */
export function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, (character) => `\\${character}`)}'`;
}
