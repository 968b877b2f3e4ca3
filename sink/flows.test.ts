import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { imbalance } from '../core/stage/accounting.ts';
import { AvroDecodeError, AvroReader } from '../schemas/avro-reader.ts';
import { encodeValue } from '../core/codec.ts';
import { type Flow, type FlowBatch, writeFlowBatch } from '../schemas/generated/flow-batch.ts';
import { aFlow, someFlowMetrics } from '../schemas/testing/a-flow.ts';
import { aFlowSide } from '../schemas/testing/a-segment.ts';
import { aSide, epochNs } from '../schemas/testing/a-span.ts';
import { newTimeBounds } from './event-range.ts';
import { transcodeFlows } from './inputs/flow-input.ts';
import { RowBinaryWriter } from './row-binary-writer.ts';
import { rowCounts, SinkStage } from './stage.ts';
import { arbitraryFlowBatch } from './testing/arbitrary-trace.ts';
import { newSinkStage, temporaryClickHouse, type TemporaryClickHouse } from './testing/temporary-clickhouse.ts';
import { flowMessage, gatewayResource, resourceMessage } from './testing/traces.ts';

const batchOf = (...flows: readonly Flow[]): FlowBatch => ({ agentId: 77, flows });
const secondNs = 1_000_000_000n;

describe('flows in the database', () => {
  let database: TemporaryClickHouse;

  beforeAll(async () => {
    database = await temporaryClickHouse();
  });
  afterAll(() => database.remove());
  beforeEach(async () => {
    for (const table of ['flow', 'flow_minute_sum', 'summed_minute', 'resource'])
      await database.clickHouse.execute(`TRUNCATE TABLE ${table}`);
  });

  const minutes = (columns: string): Promise<readonly unknown[]> =>
    database.clickHouse.select(`SELECT ${columns} FROM flow_minute ORDER BY minute, server_port`);

  it('are there with every field', async () => {
    const timeNs = fc.bigInt({ min: epochNs, max: epochNs + 2n * 86_400n * secondNs });
    const batches = fc.sample(arbitraryFlowBatch({ timeNs }), { numRuns: 60, seed: 7 });
    await database.store(...batches.map((batch, index) => flowMessage(batch, index)));
    const rows = await database.clickHouse.select<Readonly<Record<string, unknown>>>(
      'SELECT *, toString(toUnixTimestamp64Nano(start_time)) AS start_time_ns FROM flow FINAL',
    );
    const keyOf = (agentId: unknown, flowId: unknown, timeText: unknown): string =>
      [agentId, flowId, timeText].map(String).join(' ');
    const stored = new Map(rows.map((row) => [keyOf(row['agent_id'], row['flow_id'], row['start_time_ns']), row]));
    let flows = 0;
    for (const { agentId, flows: sent } of batches)
      for (const flow of sent) {
        flows++;
        expect(stored.get(keyOf(agentId, flow.flowId, flow.startTimeNs))).toMatchObject(columnsOf(flow));
      }
    expect(flows).toBeGreaterThan(50);
    expect(stored.size).toBe(flows);
  });

  it('are there once, however often an interval comes, and with the tags that came last', async () => {
    const first = aFlow();
    const second = aFlow({ startTimeNs: epochNs + 10n * secondNs });
    const tagged = { ...first, server: { ...first.server, podId: 9 } };
    await database.store(flowMessage(batchOf(first, second), 0), flowMessage(batchOf(first), 1));
    await database.store(flowMessage(batchOf(tagged), 2));
    await database.store(flowMessage(batchOf(second), 3));
    const sql = 'SELECT flow_id, server_pod_id FROM flow FINAL ORDER BY start_time';
    const expected = [
      { flow_id: 1, server_pod_id: 9 },
      { flow_id: 1, server_pod_id: 0 },
    ];
    expect(await database.clickHouse.select(sql)).toEqual(expected);
    await database.clickHouse.execute('OPTIMIZE TABLE flow FINAL');
    expect(await database.clickHouse.select(sql)).toEqual(expected);
  });

  it('count once per minute, by the tags of both sides', async () => {
    const server = aSide({ port: 80, autoServiceId: 1, autoServiceType: 13, processResourceId: 1 });
    const busy = aFlow({
      server,
      metrics: someFlowMetrics({
        client: aFlowSide({ packets: 5, bytes: 500, retransmissions: 2 }),
        server: aFlowSide({ packets: 4, bytes: 4000, retransmissions: 1 }),
        serverHandshakeNs: 30,
        clientHandshakeNs: 10,
        isOpened: true,
      }),
    });
    const later = aFlow({
      server,
      startTimeNs: epochNs + 10n * secondNs,
      metrics: someFlowMetrics({ isOpen: false, closeType: 'finished', response: { count: 2, sumNs: 5, maxNs: 4 } }),
    });
    const other = aFlow({ flowId: 2, server, metrics: someFlowMetrics({ serverHandshakeNs: 50, isOpened: true }) });
    const message = flowMessage(batchOf(busy, later, other), 0);
    await database.store(resourceMessage(gatewayResource(), 0), message);
    await database.store(message, message);
    expect(
      await minutes(
        `toString(minute) AS minute, client_auto_service, server_auto_service, server_process, observation_point, client_packets,
        server_bytes, client_retransmissions, server_retransmissions, server_handshake_count, server_handshake_sum_ns,
        server_handshake_max_ns, client_handshake_count, response_count, response_sum_ns, response_max_ns, flows, opened,
        open, closed`,
      ),
    ).toEqual([
      {
        minute: '2025-10-09 08:53:00',
        client_auto_service: '',
        server_auto_service: 'gateway',
        server_process: 'gateway',
        observation_point: 'c',
        client_packets: 7,
        server_bytes: 4200,
        client_retransmissions: 2,
        server_retransmissions: 1,
        server_handshake_count: 2,
        server_handshake_sum_ns: 80,
        server_handshake_max_ns: 50,
        client_handshake_count: 1,
        response_count: 4,
        response_sum_ns: 4_000_005,
        response_max_ns: 2_000_000,
        flows: 2,
        opened: 2,
        open: 2,
        closed: { finished: 1 },
      },
    ]);
  });

  it('go to another line per minute when only a tag differs', async () => {
    const pods = [0, 1, 2].map((podId) => aFlow({ flowId: 10 + podId, server: aSide({ port: 80 + podId, podId }) }));
    await database.store(flowMessage(batchOf(...pods), 0));
    expect(await minutes('server_pod_id, flows')).toEqual(
      [0, 1, 2].map((podId) => ({ server_pod_id: podId, flows: 1 })),
    );
  });

  it('have names', async () => {
    await database.store(
      resourceMessage(gatewayResource(), 0),
      flowMessage(batchOf(aFlow({ client: aSide({ processResourceId: 1 }) })), 0),
    );
    expect(
      await database.clickHouse.select("SELECT client_process, label('team', client) AS team FROM flow_named"),
    ).toEqual([{ client_process: 'gateway', team: '' }]);
  });

  it('are found by minute and by id without reading all of them', async () => {
    const flows = Array.from({ length: 40_000 }, (_, index) =>
      aFlow({ flowId: index, startTimeNs: epochNs + BigInt(index) * (secondNs / 50n) }),
    );
    await database.store(flowMessage(batchOf(...flows), 0));
    await database.clickHouse.execute('OPTIMIZE TABLE flow FINAL');
    // Of table flow: the view per minute reads its sums, too.
    const granulesOf = async (sql: string): Promise<readonly number[]> => {
      const plan = await database.clickHouse.select<{ explain: string }>(`EXPLAIN indexes = 1 ${sql}`);
      const text = plan
        .map((row) => row.explain.trim())
        .join('\n')
        .split('.flow)')
        .at(-1)!;
      const granules = [...text.matchAll(/Granules: (\d+)\/(\d+)/g)];
      return [Number(granules.at(-1)![1]), Number(granules[0]![2])];
    };
    for (const sql of [
      "SELECT minute, flows FROM flow_minute WHERE minute = '2025-10-09 08:54:00'",
      'SELECT * FROM flow FINAL WHERE flow_id = 39000',
    ]) {
      const [read, all] = await granulesOf(sql);
      expect(read, sql).toBeLessThan(all!);
    }
  });
});

/** The columns of a flow, by its record: names of records in records are put in front. */
function columnsOf(flow: Flow): Readonly<Record<string, unknown>> {
  const columns: Record<string, unknown> = {};
  const add = (record: object, path: string): void => {
    for (const [property, value] of Object.entries(record) as [string, unknown][]) {
      const name = path + property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      if (name === 'start_time_ns') columns[name] = String(value);
      else if (value instanceof Uint8Array) continue;
      else if (name === 'tunnels')
        columns[name] = flow.tunnels.map(({ type, id }) => expect.objectContaining({ type, id }) as unknown);
      else if (typeof value === 'object' && value !== null) add(value, `${name}_`);
      else columns[name] = value;
    }
  };
  add(flow, '');
  return columns;
}

describe('flows in the stage', () => {
  it('are counted, buffered and emitted as records', () => {
    const stage = new SinkStage({ maxRows: 3, maxBytes: 1_000_000, maxAgeMs: 300 });
    expect(stage.process(flowMessage(batchOf(aFlow(), aFlow({ flowId: 2 })), 5), 0)).toEqual([]);
    expect(stage.flush(0)).toEqual([]);
    expect(stage.lowWatermark({ topic: 'flows', partition: 0 })).toBe(5);
    stage.process(flowMessage(batchOf(aFlow({ flowId: 3 })), 6), 0);
    const [batch] = stage.flush(0);
    expect(batch?.kind === 'rows' && Object.fromEntries(rowCounts(batch))).toMatchObject({ flow: 3, spans: 0 });
    expect(stage.accounting()).toMatchObject({ received: 3, emitted: 3, buffered: 0 });
  });

  it('that cannot be read, or are of an impossible time, are dead letters, and nothing of them is stored', () => {
    const stage = newSinkStage(undefined, { behindMs: 1000, aheadMs: 1000 });
    const nowMs = Number(epochNs / 1_000_000n);
    const cut = flowMessage(batchOf(aFlow()), 0);
    const letters = [
      stage.process({ ...cut, value: cut.value.subarray(0, -1) }, nowMs),
      stage.process(flowMessage(batchOf(aFlow(), aFlow({ startTimeNs: epochNs - 3600n * secondNs })), 1), nowMs),
    ].flat();
    expect(letters.map(({ kind }) => kind)).toEqual(['dead-letter', 'dead-letter']);
    stage.process(flowMessage(batchOf(aFlow()), 2), nowMs);
    const [batch] = stage.drain();
    expect(batch?.kind === 'rows' && rowCounts(batch).get('flow')).toBe(1);
    expect(stage.accounting()).toMatchObject({
      received: 4,
      emitted: 1,
      rejected: { undecodable: 1, time_out_of_range: 2 },
    });
    expect(imbalance(stage.accounting())).toBe(0);
  });

  it('never does anything but throw AvroDecodeError on bytes that are no flows', () => {
    const good = encodeValue(batchOf(aFlow(), aFlow({ flowId: 2 })), writeFlowBatch);
    const bad = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.nat(good.length - 1).map((length) => good.subarray(0, length)),
      fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([position, byte]) => {
        const bytes = Buffer.from(good);
        bytes[position] = byte;
        return bytes;
      }),
    );
    const writer = new RowBinaryWriter();
    fc.assert(
      fc.property(bad, (bytes) => {
        try {
          transcodeFlows(new AvroReader(Buffer.from(bytes)), writer, newTimeBounds(), new Set());
        } catch (error) {
          expect(error).toBeInstanceOf(AvroDecodeError);
        } finally {
          writer.discard();
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
