import { afterAll, beforeAll, expect, it } from 'vitest';
import { aSide, aSpan, epochNs } from '../schemas/testing/a-span.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { callMinute, serviceMinute } from '../sink/minutes/minute-summary.ts';
import { sumNextMinute } from '../sink/minutes/sum-minutes.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from '../sink/testing/temporary-clickhouse.ts';
import { resourceMessage, traceMessage } from '../sink/testing/traces.ts';
import { aResource } from '../schemas/testing/a-resource.ts';
import { defaultReadLimits } from '../query/config.ts';
import { readDifferences } from '../query/store/differences.ts';
import { listFieldValues } from '../query/store/field-values.ts';
import { readFields } from '../query/store/read-fields.ts';
import { readFlowSeries } from '../query/store/flow-series.ts';
import { readHeatmap } from '../query/store/heatmap.ts';
import { boundedReader, type Reader } from '../query/store/read-limits.ts';
import { readSeries } from '../query/store/series.ts';
import { listEndpoints, listServices } from '../query/store/services.ts';
import { readTopology } from '../query/store/topology.ts';

let database: TemporaryClickHouse;
let reader: Reader;

const side = (service: number, pod: number): ReturnType<typeof aSide> =>
  aSide({
    namespaceId: 1,
    workloadId: service,
    serviceId: service,
    podId: pod,
    autoServiceType: 12,
    autoServiceId: service,
  });
const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');
/** A call of service 1 to service 2, which takes so many milliseconds. */
const call = (number: number, ms: number, isError: boolean): Parameters<typeof traceMessage>[0] =>
  aTrace(
    [
      aSpan({
        spanId: hex(number, 16),
        observationPoint: 's-p',
        startTimeNs: epochNs + BigInt(number) * 1_000_000_000n,
        durationNs: ms * 1_000_000,
        status: isError ? 'server_error' : 'ok',
        endpoint: number % 2 === 0 ? '/even' : '/odd',
        client: side(1, 10),
        server: side(2, 20 + (number % 2)),
      }),
    ],
    { traceId: hex(number, 32) },
  );
const range = { fromNs: epochNs, toNs: epochNs + 600_000_000_000n };

beforeAll(async () => {
  database = await temporaryClickHouse();
  reader = boundedReader(database.clickHouse, defaultReadLimits, undefined);
  const named = (kind: 'namespace' | 'service' | 'pod', id: number, name: string): ReturnType<typeof aResource> =>
    aResource({
      kind,
      id,
      uid: `${kind}${id}`,
      name,
      parents: kind === 'namespace' ? [] : [{ kind: 'namespace', id: 1, uid: '' }],
      labels: kind === 'pod' ? { app: name } : {},
    });
  const resources = [
    named('namespace', 1, 'shop'),
    named('service', 1, 'cart'),
    named('service', 2, 'prices'),
    ...[10, 20, 21].map((id) => named('pod', id, `pod-${id}`)),
  ];
  await database.store(...resources.map((resource, at) => resourceMessage(resource, at)));
  const traces = Array.from({ length: 100 }, (_, number) => call(number + 1, number < 90 ? 10 : 400, number >= 98));
  // Twice: what is stored again counts once.
  await database.store(...[...traces, ...traces].map((trace, at) => traceMessage(trace, at)));
});
afterAll(() => database.remove());

const near = (value: number, wanted: number): void => {
  expect(Math.abs(value / wanted - 1)).toBeLessThan(0.1);
};

async function checkAll(): Promise<void> {
  const { services } = await listServices(reader, range);
  expect(services).toMatchObject([{ name: 'prices', kind: 'service', namespace: 'shop', calls: 100, errors: 2 }]);
  near(services[0]!.p50_ns, 10_000_000);
  near(services[0]!.p99_ns, 400_000_000);
  const { endpoints } = await listEndpoints(reader, 'prices', range);
  expect(endpoints).toMatchObject([
    { endpoint: '/even', protocol: 'http1', request_type: 'GET', calls: 50 },
    { endpoint: '/odd', calls: 50 },
  ]);
  expect((await listEndpoints(reader, 'cart', range)).endpoints).toEqual([]);
  for (const level of ['service', 'pod'] as const) {
    const { nodes, edges } = await readTopology(reader, { ...range, level, group: 'namespace' });
    expect(edges.reduce((sum, edge) => sum + edge.calls, 0)).toBe(100);
    expect(nodes.map(({ name }) => name).sort()).toEqual(
      level === 'service' ? ['cart', 'prices'] : ['pod-10', 'pod-20', 'pod-21'],
    );
    expect(new Set(nodes.map(({ group }) => group))).toEqual(new Set(['shop']));
    expect(edges[0]).toMatchObject({ packets: 0, round_trip_mean_ns: -1, protocols: ['http1'] });
  }
  const step = { stepNs: 60_000_000_000 };
  for (const filter of [range, { ...range, service: 'prices' }, { ...range, minDurationNs: 1 }]) {
    const { series, step_s } = await readSeries(reader, filter, { by: 'none', ...step });
    expect(step_s).toBe(60);
    expect(series[0]!.points.reduce((sum, point) => sum + point.calls, 0)).toBe(100);
  }
  const byStatus = await readSeries(reader, range, { by: 'status', ...step });
  expect(byStatus.series.map(({ key }) => key)).toEqual(['ok', 'server_error']);
}

it('calls are counted once by services, endpoints, edges and series, also before and after minutes were summed up', async () => {
  await checkAll();
  for (const summary of [callMinute, serviceMinute])
    while (await sumNextMinute(database.clickHouse, summary, { quietMs: 0 }));
  expect(await database.clickHouse.select('SELECT * FROM changed_minute')).toEqual([]);
  await checkAll();
  for (const view of ['call_minute', 'service_minute'])
    expect(await database.clickHouse.select(`SELECT * FROM ${view} ORDER BY ALL`)).toEqual(
      await database.clickHouse.select(`SELECT * FROM ${view}_now ORDER BY ALL`),
    );
});

it('a heatmap has every trace once, and differences name what the box has', async () => {
  const { cells, is_sampled } = await readHeatmap(reader, range, { columns: 10, rows: 5 });
  expect(cells.reduce((sum, cell) => sum + cell.traces, 0)).toBe(100);
  expect(cells.reduce((sum, cell) => sum + cell.errors, 0)).toBe(2);
  expect(is_sampled).toBe(false);
  const box = { fromNs: undefined, toNs: undefined, minDurationNs: 100_000_000, maxDurationNs: undefined };
  const { inside, outside, attributes } = await readDifferences(reader, range, box);
  expect([inside, outside]).toEqual([10, 90]);
  expect(attributes.find(({ field }) => field === 'status')?.values[0]).toMatchObject({
    value: 'server_error',
    inside: 0.2,
    outside: 0,
  });
  const nothing = { fromNs: 0n, toNs: 1n };
  expect((await readHeatmap(reader, nothing, { columns: 1, rows: 1 })).cells).toEqual([]);
  expect(await readDifferences(reader, nothing, box)).toMatchObject({ inside: 0, attributes: [] });
});

it('fields and their values are those that there are', async () => {
  const { fields } = await readFields(reader);
  expect(fields).toContainEqual({ field: "label('app')", kind: 'label' });
  expect(fields).toContainEqual({ field: 'server.pod', kind: 'tag' });
  const values = (field: string, prefix = ''): Promise<readonly string[]> =>
    listFieldValues(reader, field, { prefix, limit: 2 });
  expect(await values('client.pod', 'POD-2')).toEqual(['pod-20', 'pod-21']);
  expect(await values("label('app')")).toEqual(['pod-10', 'pod-20']);
  expect(await values('endpoint')).toEqual(['/even', '/odd']);
  expect(await values('status', 'ser')).toEqual(['server_error']);
  expect(await values("x' OR 1=1")).toEqual([]);
});

it('there are no flows where no packets were seen', async () => {
  const ends = { client: 'cart', server: undefined, stepNs: undefined };
  expect(await readFlowSeries(reader, { ...range, ...ends })).toMatchObject({ points: [] });
});
