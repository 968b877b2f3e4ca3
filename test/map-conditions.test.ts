/** The conditions by which the map leads to calls, with what the map shows: the real engine says both. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultReadLimits } from '../query/config.ts';
import { listSpans } from '../query/store/read-spans.ts';
import { boundedReader, type Reader } from '../query/store/read-limits.ts';
import { readTopology } from '../query/store/topology.ts';
import { edgeCondition, mapLevels, nodeCondition } from '../query/ui/map/map-conditions.ts';
import { parseWhere } from '../query/where/parse-where.ts';
import { type ResourceKind, resourceKindIndex } from '../schemas/generated/resource.ts';
import type { Side } from '../schemas/generated/span.ts';
import { aResource } from '../schemas/testing/a-resource.ts';
import { aSide, aSpan, epochNs } from '../schemas/testing/a-span.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from '../sink/testing/temporary-clickhouse.ts';
import { resourceMessage, traceMessage } from '../sink/testing/traces.ts';

let database: TemporaryClickHouse;
let reader: Reader;

const known = (ids: Partial<Side>, kind: ResourceKind, id: number): Side =>
  aSide({ ...ids, autoServiceType: resourceKindIndex[kind], autoServiceId: id });
/** Sides of all sorts: of a service with all of its parts, without some, of a process alone, and unknown. */
const sides: readonly Side[] = [
  known({ hostId: 1, workloadId: 1, podId: 1, serviceId: 1, processResourceId: 1 }, 'service', 1),
  known({ hostId: 2, workloadId: 1, podId: 2, serviceId: 1, processResourceId: 2 }, 'service', 1),
  known({ hostId: 1, workloadId: 2, podId: 3 }, 'workload', 2),
  known({ serviceId: 3 }, 'service', 3),
  known({ hostId: 2, processResourceId: 4 }, 'process', 4),
  known({ hostId: 3 }, 'host', 3),
  aSide({}),
];
const names: Readonly<Partial<Record<ResourceKind, readonly (readonly [number, string])[]>>> = {
  host: [1, 2, 3].map((id) => [id, `host-${id}`]),
  workload: [
    [1, 'cart'],
    [2, "pri'ces\\"],
  ],
  pod: [1, 2, 3].map((id) => [id, `pod-${id}`]),
  // Services may be called as workloads are.
  service: [
    [1, 'cart'],
    [3, 'mail'],
  ],
  process: [1, 2, 4].map((id) => [id, `java-${id}`]),
};
const range = { fromNs: epochNs, toNs: epochNs + 600_000_000_000n };

beforeAll(async () => {
  database = await temporaryClickHouse();
  reader = boundedReader(database.clickHouse, defaultReadLimits, undefined);
  const resources = Object.entries(names).flatMap(([kind, ofKind]) =>
    ofKind.map(([id, name]) => aResource({ kind: kind as ResourceKind, id, uid: `${kind}${id}`, name })),
  );
  await database.store(...resources.map((resource, at) => resourceMessage(resource, at)));
  const pairs = sides.flatMap((client, from) => sides.map((server, to) => ({ client, server, times: 1 + from + to })));
  const calls = pairs.flatMap(({ times, ...ends }) => Array.from({ length: times }, () => ends));
  const spans = calls.map((ends, number) =>
    aSpan({ spanId: String(number).padStart(16, '0'), observationPoint: 's-p', startTimeNs: epochNs, ...ends }),
  );
  await database.store(traceMessage(aTrace(spans), 0));
});
afterAll(() => database.remove());

async function callsOf(condition: string): Promise<number> {
  const parsed = parseWhere(condition);
  if (parsed.kind !== 'where') throw new Error(`${condition}: ${parsed.problem}`);
  const { spans } = await listSpans(
    reader,
    { ...range, where: parsed.where, onlyCalls: true, limit: 5_000 },
    range.toNs,
  );
  return spans.length;
}

it.each(mapLevels)('an edge leads to exactly its calls, and a node to those it served: %s', async (level) => {
  const { nodes, edges } = await readTopology(reader, { ...range, level, group: 'none' });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  expect(edges.length).toBeGreaterThan(15);
  for (const edge of edges) {
    const condition = edgeCondition(edge, byId, level);
    expect({ condition, calls: await callsOf(condition) }).toEqual({ condition, calls: edge.calls });
  }
  for (const node of nodes) {
    const condition = nodeCondition('server', node, level);
    expect({ condition, calls: await callsOf(condition) }).toEqual({ condition, calls: node.calls });
  }
});
