/** Who called whom: services from the sums of calls per minute, pods and the like from the calls themselves. */
import { integerLiteral } from '../../core/clickhouse/sql-literal.ts';
import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import { tagColumn } from '../../schemas/tags.ts';
import { addSteps, quantileNs, stepOfRowSql } from './duration-steps.ts';
import { type AskedRange, type MinuteRange, minutesOf, timesOfMinutes } from './minute-range.ts';
import { minuteSource } from './minute-source.ts';
import type { Reader } from './read-limits.ts';
import { resourceFacts, type ResourceReference, resourceText } from './resource-facts.ts';
import { duringSql, isErrorSql } from './trace-list-sql.ts';

/** What a node is. */
export type TopologyLevel = 'service' | 'workload' | 'pod' | 'process' | 'host';
/** What nodes are grouped by. */
export type TopologyGroup = 'none' | 'namespace' | 'zone' | 'node';

const maxEdges = 2_000;
/** Longest range of which calls are read one by one, in seconds. */
const maxRowsS = 3_600;

interface EdgeRow {
  readonly client_type: number;
  readonly client_id: number;
  readonly server_type: number;
  readonly server_id: number;
  readonly protocols: readonly string[];
  readonly calls: number;
  readonly errors: number;
  readonly durations: readonly number[];
  readonly client_group: number;
  readonly server_group: number;
}

interface FlowRow {
  readonly client_type: number;
  readonly client_id: number;
  readonly server_type: number;
  readonly server_id: number;
  readonly packets: number;
  readonly retransmissions: number;
  readonly resets: number;
  readonly round_trip_count: number;
  readonly round_trip_sum_ns: number;
}

/** Figures of calls, and those of packets of an edge. */
interface CallFigures {
  readonly calls: number;
  readonly errors: number;
  readonly p50_ns: number;
  readonly p99_ns: number;
}

/** A node; calls are those that it served. */
export interface TopologyNode extends CallFigures {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly group: string;
  readonly is_outside: boolean;
}

/** Calls from one node to another, and packets between them as one observation point saw them. */
export interface TopologyEdge extends CallFigures {
  readonly client: string;
  readonly server: string;
  readonly protocols: readonly string[];
  readonly packets: number;
  readonly retransmissions: number;
  readonly round_trip_count: number;
  readonly round_trip_mean_ns: number;
  readonly resets: number;
}

/** Nodes and edges. */
export interface Topology {
  readonly nodes: readonly TopologyNode[];
  readonly edges: readonly TopologyEdge[];
  /** There are more edges, or only the latest hour of the range was read. */
  readonly is_truncated: boolean;
}

/** Type and id of the node of a side, as SQL: of that level, or the service where that is not known. */
function nodeSql(side: 'client' | 'server', level: TopologyLevel): readonly [string, string] {
  const [type, id] = [`${side}_auto_service_type`, `${side}_auto_service_id`];
  if (level === 'service') return [type, id];
  const own = `${side}_${tagColumn(level)}`;
  return [
    `if(${own} != 0, toInt32(${integerLiteral(resourceKindIndex[level])}), ${type})`,
    `if(${own} != 0, ${own}, ${id})`,
  ];
}

/** @param source of `call_minute` */
function edgesOfServicesSql(source: string): string {
  return `SELECT client_type, client_id, server_type, server_id, groupUniqArray(8)(toString(protocol)) AS protocols,
      sum(of.calls) AS calls, sumIf(of.calls, ${isErrorSql}) AS errors, sumForEach(of.durations) AS durations,
      0 AS client_group, 0 AS server_group
    FROM ${source} AS of
    GROUP BY client_type, client_id, server_type, server_id
    ORDER BY calls DESC, client_type, client_id, server_type, server_id LIMIT ${integerLiteral(maxEdges + 1)}`;
}

function edgesOfRowsSql(minutes: MinuteRange, level: TopologyLevel, group: TopologyGroup): string {
  const groupOf = (side: string): string => (group === 'none' ? '0' : `any(${side}_${tagColumn(group)})`);
  const [clientType, clientId] = nodeSql('client', level);
  const [serverType, serverId] = nodeSql('server', level);
  return `SELECT * EXCEPT counted, arrayMap(place -> counted.2[indexOf(counted.1, place)], range(1, arrayMax(counted.1) + 1)) AS durations
    FROM (
      SELECT ${clientType} AS client_type, ${clientId} AS client_id, ${serverType} AS server_type, ${serverId} AS server_id,
        groupUniqArray(8)(toString(protocol)) AS protocols, count() AS calls, countIf(${isErrorSql}) AS errors,
        sumMap([${stepOfRowSql}], [toUInt64(1)]) AS counted,
        ${groupOf('client')} AS client_group, ${groupOf('server')} AS server_group
      FROM spans FINAL WHERE is_call AND ${duringSql(timesOfMinutes(minutes))}
      GROUP BY client_type, client_id, server_type, server_id
      ORDER BY calls DESC, client_type, client_id, server_type, server_id LIMIT ${integerLiteral(maxEdges + 1)})`;
}

/** Of each edge the observation point that saw most packets. @param source of `flow_minute` */
function flowsSql(source: string, level: TopologyLevel): string {
  const [clientType, clientId] = nodeSql('client', level);
  const [serverType, serverId] = nodeSql('server', level);
  return `SELECT client_type, client_id, server_type, server_id, packets, retransmissions, resets, round_trip_count, round_trip_sum_ns
    FROM (
      SELECT ${clientType} AS client_type, ${clientId} AS client_id, ${serverType} AS server_type, ${serverId} AS server_id,
        observation_point, sum(client_packets + server_packets) AS packets,
        sum(client_retransmissions + server_retransmissions) AS retransmissions, sum(client_resets + server_resets) AS resets,
        sum(server_acknowledgment_count) AS round_trip_count, sum(server_acknowledgment_sum_ns) AS round_trip_sum_ns
      FROM ${source}
      GROUP BY client_type, client_id, server_type, server_id, observation_point
      ORDER BY packets DESC, observation_point LIMIT 1 BY client_type, client_id, server_type, server_id
      LIMIT ${integerLiteral(4 * maxEdges)})`;
}

const clientOf = (row: EdgeRow | FlowRow): ResourceReference => ({ type: row.client_type, id: row.client_id });
const serverOf = (row: EdgeRow | FlowRow): ResourceReference => ({ type: row.server_type, id: row.server_id });
const edgeText = (row: EdgeRow | FlowRow): string => `${resourceText(clientOf(row))} ${resourceText(serverOf(row))}`;

/** What is added up of a node. */
interface NodeSums {
  readonly reference: ResourceReference;
  group: number;
  calls: number;
  errors: number;
  readonly durations: number[];
}

function nodesOf(rows: readonly EdgeRow[]): readonly NodeSums[] {
  const nodes = new Map<string, NodeSums>();
  const nodeOf = (reference: ResourceReference, group: number): NodeSums => {
    const key = resourceText(reference);
    const node = nodes.get(key) ?? { reference, group, calls: 0, errors: 0, durations: [] };
    if (node.group === 0) node.group = group;
    nodes.set(key, node);
    return node;
  };
  for (const row of rows) {
    nodeOf(clientOf(row), row.client_group);
    const server = nodeOf(serverOf(row), row.server_group);
    server.calls += row.calls;
    server.errors += row.errors;
    addSteps(server.durations, row.durations);
  }
  return [...nodes.values()];
}

const quantilesOf = (durations: readonly number[]): Pick<CallFigures, 'p50_ns' | 'p99_ns'> => ({
  p50_ns: quantileNs(durations, 0.5),
  p99_ns: quantileNs(durations, 0.99),
});

function edgeOf(row: EdgeRow, flow: FlowRow | undefined): TopologyEdge {
  const count = flow?.round_trip_count ?? 0;
  return {
    client: resourceText(clientOf(row)),
    server: resourceText(serverOf(row)),
    protocols: row.protocols.toSorted(),
    calls: row.calls,
    errors: row.errors,
    ...quantilesOf(row.durations),
    packets: flow?.packets ?? 0,
    retransmissions: flow?.retransmissions ?? 0,
    round_trip_count: count,
    round_trip_mean_ns: flow === undefined || count === 0 ? -1 : Math.round(flow.round_trip_sum_ns / count),
    resets: flow?.resets ?? 0,
  };
}

/** Who called whom in a range of time. Calls of levels other than `service` are read of its latest hour at most. */
export async function readTopology(
  reader: Reader,
  { level, group, ...asked }: AskedRange & { readonly level: TopologyLevel; readonly group: TopologyGroup },
): Promise<Topology> {
  const whole = await minutesOf(reader, asked);
  const fromS = level === 'service' ? whole.fromS : Math.max(whole.fromS, whole.toS - maxRowsS + 60);
  const minutes = { fromS, toS: whole.toS };
  const rows = await reader.select<EdgeRow>(
    level === 'service'
      ? edgesOfServicesSql(await minuteSource(reader, 'call_minute', minutes))
      : edgesOfRowsSql(minutes, level, group),
  );
  const listed = rows.slice(0, maxEdges);
  const flowRows = await reader.select<FlowRow>(flowsSql(await minuteSource(reader, 'flow_minute', minutes), level));
  const flows = new Map(flowRows.map((row) => [edgeText(row), row]));
  const sums = nodesOf(listed);
  const groupKind = group === 'none' ? 0 : resourceKindIndex[group];
  const groupReference = (node: NodeSums): ResourceReference => ({ type: groupKind, id: node.group });
  const facts = await resourceFacts(reader, [
    ...sums.map(({ reference }) => reference),
    ...sums.filter((node) => node.group !== 0).map(groupReference),
  ]);
  const nodes = sums.map((node) => {
    const { name, kind, namespace, isOutside } = facts.get(resourceText(node.reference))!;
    const ofRow = node.group === 0 ? '' : facts.get(resourceText(groupReference(node)))!.name;
    return {
      id: resourceText(node.reference),
      name,
      kind,
      group: ofRow === '' && group === 'namespace' ? namespace : ofRow,
      is_outside: isOutside,
      calls: node.calls,
      errors: node.errors,
      ...quantilesOf(node.durations),
    };
  });
  const edges = listed.map((row) => edgeOf(row, flows.get(edgeText(row))));
  return { nodes, edges, is_truncated: rows.length > maxEdges || fromS > whole.fromS };
}
