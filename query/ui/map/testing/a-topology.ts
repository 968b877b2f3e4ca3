import type { TopologyAnswer } from '../../../api/routes/topology.ts';
import type { MapEdge, MapNode } from '../map-model.ts';

/** A node that served calls. */
export function aNode(id: string, given: Partial<MapNode> = {}): MapNode {
  return {
    id,
    name: id,
    kind: 'workload',
    group: '',
    is_outside: false,
    calls: 9_000,
    errors: 0,
    p50_ns: 2_100_000,
    p99_ns: 34_000_000,
    ...given,
  };
}

/** An edge of which packets were seen. */
export function anEdge(client: string, server: string, given: Partial<MapEdge> = {}): MapEdge {
  return {
    client,
    server,
    protocols: ['http1'],
    calls: 9_000,
    errors: 0,
    p50_ns: 2_100_000,
    p99_ns: 34_000_000,
    packets: 0,
    retransmissions: 0,
    round_trip_count: 0,
    round_trip_mean_ns: -1,
    resets: 0,
    ...given,
  };
}

/** So many services, each called by the one before, and each with as many calls as its number. */
export function aChain(count: number): TopologyAnswer {
  const ids = Array.from({ length: count }, (_, at) => `service-${at}`);
  return {
    nodes: ids.map((id, at) => aNode(id, { calls: at })),
    edges: ids.slice(1).map((id, at) => anEdge(ids[at]!, id, { calls: at + 1 })),
    is_truncated: false,
  };
}
