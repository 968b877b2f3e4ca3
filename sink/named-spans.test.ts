import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedClickHouse } from '../core/clickhouse/embedded.ts';
import type { Resource } from '../schemas/generated/resource.ts';
import type { Side } from '../schemas/generated/span.ts';
import { rowsOf } from './testing/batch-rows.ts';
import { newSinkStage, temporaryClickHouse, type TemporaryClickHouse } from './testing/temporary-clickhouse.ts';
import { resourceMessage, traceMessage } from './testing/traces.ts';
import { gatewayResource, processSide, orderSpan } from './testing/traces.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { epochNs } from '../schemas/testing/a-span.ts';

let database: TemporaryClickHouse;
const secondNs = 1_000_000_000n;

const resource = (facts: Partial<Resource>): Resource =>
  gatewayResource({ parents: [], environment: {}, validFromNs: epochNs - 100n * secondNs, ...facts });

const resources: readonly Resource[] = [
  resource({ kind: 'region', id: 1, uid: 'aws:eu-central-1', name: 'eu-central-1' }),
  resource({ kind: 'zone', id: 1, uid: 'aws:euc1-az1', name: 'eu-central-1a' }),
  resource({ kind: 'namespace', id: 3, uid: 'n3', name: 'shop', labels: { team: 'buyers' } }),
  resource({ kind: 'namespace', id: 4, uid: 'n4', name: 'kube-system' }),
  resource({
    kind: 'workload',
    id: 5,
    uid: 'w5',
    name: 'cart',
    type: 'Deployment',
    labels: { app: 'cart-workload' },
    annotations: { owner: "o'neil" },
  }),
  // Called otherwise, and labelled otherwise, in its first minute.
  resource({ kind: 'pod', id: 7, uid: 'p7', name: 'cart-old', labels: { app: 'old' }, validToNs: epochNs }),
  resource({
    kind: 'pod',
    id: 7,
    uid: 'p7',
    name: 'cart-1',
    labels: { app: 'cart', tier: 'web' },
    environment: { STAGE: 'test' },
    validFromNs: epochNs,
  }),
  resource({ kind: 'pod', id: 8, uid: 'p8', name: 'db-0', labels: {} }),
  resource({ kind: 'database', id: 2, uid: 'aws:1:eu:db', name: 'orders-db', type: 'aws_rds' }),
];

const side = (facts: Partial<Side>): Side => ({ ...processSide(80, 0), ...facts });
const cart = side({
  regionId: 1,
  zoneId: 1,
  namespaceId: 3,
  workloadId: 5,
  podId: 7,
  autoInstanceId: 7,
  autoInstanceType: 11,
  autoServiceId: 5,
  autoServiceType: 10,
});
const store = side({ namespaceId: 4, podId: 8, autoInstanceId: 2, autoInstanceType: 19 });

beforeAll(async () => {
  database = await temporaryClickHouse();
  const spans = [
    orderSpan({ spanId: '0000000000000001', startTimeNs: epochNs - secondNs, client: cart, server: store }),
    orderSpan({ spanId: '0000000000000002', startTimeNs: epochNs, client: cart, server: store }),
    orderSpan({ spanId: '0000000000000003', startTimeNs: epochNs + secondNs }),
  ];
  await database.store(
    ...resources.map((entry, index) => resourceMessage(entry, index)),
    traceMessage(aTrace(spans), 0),
  );
});
afterAll(() => rmSync(database.directory, { recursive: true, force: true }));

const spansWhere = async (condition: string): Promise<string> => {
  const rows = await database.clickHouse.select<{ id: string }>(
    `SELECT lower(hex(span_id)) AS id FROM spans_named WHERE ${condition} ORDER BY id`,
  );
  return rows.map((row) => row.id.at(-1)).join('');
};

describe('spans with names', () => {
  it('have the names of their tags as they were when the span began', async () => {
    const rows = await database.clickHouse.select(
      `SELECT client_region, client_zone, client_namespace, client_workload, client_pod, client_auto_service,
        client_auto_instance, server_pod, server_auto_instance, server_vpc FROM spans_named ORDER BY start_time`,
    );
    const common = {
      client_region: 'eu-central-1',
      client_zone: 'eu-central-1a',
      client_namespace: 'shop',
      client_workload: 'cart',
      client_auto_service: 'cart',
      server_pod: 'db-0',
      server_auto_instance: 'orders-db',
      server_vpc: '',
    };
    expect(rows).toMatchObject([
      { ...common, client_pod: 'cart-old', client_auto_instance: 'cart-old' },
      { ...common, client_pod: 'cart-1', client_auto_instance: 'cart-1' },
      { client_pod: '', client_region: '', server_auto_instance: '' },
    ]);
  });

  it('are found by names, labels, annotations and environment as of the event, nearest resource first', async () => {
    expect(await spansWhere("client_pod = 'cart-old'")).toBe('1');
    expect(await spansWhere("client_pod = 'cart-1' AND server_namespace = 'kube-system'")).toBe('2');
    expect(await spansWhere("label('app', client) = 'old'")).toBe('1');
    expect(await spansWhere("label('app', client) = 'cart'")).toBe('2');
    expect(await spansWhere("label('app', client) = 'cart-workload'")).toBe('');
    expect(await spansWhere("label('team', client) = 'buyers'")).toBe('12');
    expect(await spansWhere("label('app', server) = ''")).toBe('123');
    expect(await spansWhere("annotation('owner', client) = 'o\\'neil'")).toBe('12');
    expect(await spansWhere("environment('STAGE', client) = 'test'")).toBe('2');
    expect(await spansWhere("is_named('pod', client_pod_id, 'cart-1')")).toBe('12');
    expect(await spansWhere("has_label('app', 'cart', client)")).toBe('2');
    expect(await spansWhere("has_label('app', 'cart-workload', client)")).toBe('');
  });

  it('are filtered by a name with columns of integers only', async () => {
    const columnsRead = async (condition: string): Promise<readonly string[]> => {
      const plan = await database.clickHouse.select<{ explain: string }>(
        `EXPLAIN header = 1 SELECT count() FROM spans_named WHERE ${condition}`,
      );
      const text = plan.map((row) => row.explain).join('\n');
      return /ReadFromMergeTree[\s\S]*?Output: (.*)/.exec(text)?.[1]?.split(', ') ?? [];
    };
    expect((await columnsRead("client_pod = 'cart-1'")).toSorted()).toEqual(['client_pod_id', 'start_time']);
    const ofLabel = await columnsRead("label('app', server) = 'shop'");
    expect(ofLabel).toContain('server_pod_id');
    for (const column of ofLabel) expect(column).toMatch(/^server_\w+_id$|^start_time$/);
  });

  it('are the same rows, byte for byte, whatever labels their resources have', async () => {
    const labels = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`label-${index}`, 'x'.repeat(60)]));
    const trace = traceMessage(aTrace([orderSpan({ client: cart, server: cart })]), 1);
    const rowsWith = (itsLabels: Readonly<Record<string, string>>): Buffer => {
      const stage = newSinkStage();
      stage.process(resourceMessage(resource({ kind: 'pod', id: 7, uid: 'p7', labels: itsLabels }), 0), 0);
      stage.process(trace, 0);
      return Buffer.concat(rowsOf(stage.drain(), 'spans'));
    };
    expect(rowsWith(labels).length).toBeGreaterThan(100);
    expect(rowsWith(labels).equals(rowsWith({}))).toBe(true);
    const columns = await database.clickHouse.select<{ name: string }>(
      "SELECT name FROM system.columns WHERE table = 'spans' AND match(name, 'label|annotation|environment')",
    );
    expect(columns).toEqual([]);
  });

  it('have the names of the OpenTelemetry conventions in the other view', async () => {
    const [row] = await database.clickHouse.select<{ attributes: Readonly<Record<string, string>> }>(
      `SELECT ResourceAttributes AS attributes FROM otel_traces WHERE SpanId = '0000000000000002'`,
    );
    expect(row!.attributes).toMatchObject({ 'k8s.pod.name': 'db-0', 'k8s.pod.uid': 'p8' });
  });

  it('and the functions are there again after a restart', async () => {
    await database.clickHouse.close();
    const clickHouse = openEmbeddedClickHouse({ directory: database.directory });
    expect(
      await clickHouse.select(
        `SELECT client_pod, label('tier', client) AS tier FROM spans_named WHERE client_pod = 'cart-1'`,
      ),
    ).toEqual([{ client_pod: 'cart-1', tier: 'web' }]);
    await clickHouse.close();
  });
});

describe('a stored resource', () => {
  it('has all of its record', async () => {
    const other = await temporaryClickHouse();
    await other.store(
      resourceMessage(
        resource({
          kind: 'load_balancer',
          id: 9,
          uid: 'aws:1:eu-central-1:lb',
          name: 'front',
          type: 'network',
          parents: [
            { kind: 'subnet', id: 0, uid: 'aws:subnet-1' },
            { kind: 'vpc', id: 4, uid: '' },
          ],
          networks: [
            { address: Uint8Array.of(10, 1, 0, 0), prefixLength: 16 },
            { address: Uint8Array.of(0xfd, 1, ...Array<number>(14).fill(0)), prefixLength: 48 },
          ],
          ports: [{ transport: 'tcp', port: 443, targetPort: 8443, nodePort: 30_443 }],
          macAddresses: [Uint8Array.of(2, 66, 172, 17, 0, 255)],
        }),
        0,
      ),
    );
    const rows = await other.clickHouse.select(
      `SELECT kind, type, parents, parent_uids, ports, mac_addresses,
        arrayMap(network -> concat(toString(network.1), '/', toString(network.2)), networks) AS networks FROM resource`,
    );
    expect(rows).toEqual([
      {
        kind: 'load_balancer',
        type: 'network',
        parents: [
          { kind: 'subnet', id: 0 },
          { kind: 'vpc', id: 4 },
        ],
        parent_uids: ['aws:subnet-1', ''],
        networks: ['::ffff:10.1.0.0/112', 'fd01::/48'],
        ports: [{ transport: 'tcp', port: 443, target_port: 8443, node_port: 30_443 }],
        mac_addresses: ['02:42:ac:11:00:ff'],
      },
    ]);
    await other.remove();
  });
});
