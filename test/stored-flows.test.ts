/** What the sink stores of flows, the query stage finds for the spans of a trace: with the real engine. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clickHouseTraceStore } from '../query/store/clickhouse-trace-store.ts';
import { aTraceFlow, aTraceFlowSide } from '../query/testing/a-trace-flow.ts';
import { traceFlowsSql } from '../query/store/trace-flows-sql.ts';
import { type TraceRow, traceRowsSql } from '../query/store/trace-sql.ts';
import { maxTraceFlows, type PagedTraceStore } from '../query/store/trace-store.ts';
import type { FlowMetrics, FlowSide } from '../schemas/generated/event-batch.ts';
import type { Flow } from '../schemas/generated/flow-batch.ts';
import type { Span } from '../schemas/generated/span.ts';
import { aFlow, someFlowMetrics } from '../schemas/testing/a-flow.ts';
import { aFlowSide } from '../schemas/testing/a-segment.ts';
import { epochNs } from '../schemas/testing/a-span.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from '../sink/testing/temporary-clickhouse.ts';
import { flowMessage, orderSpan, traceMessage } from '../sink/testing/traces.ts';

let database: TemporaryClickHouse;
let store: PagedTraceStore;
beforeAll(async () => {
  database = await temporaryClickHouse();
  store = clickHouseTraceStore(database.clickHouse);
});
afterAll(() => database.remove());
beforeEach(async () => {
  for (const table of ['spans', 'trace', 'flow']) await database.clickHouse.execute(`TRUNCATE TABLE ${table}`);
});

const traceA = '000000000000000000000000000000aa';
const traceB = '000000000000000000000000000000bb';

describe('flows of a trace', () => {
  const secondNs = 1_000_000_000n;
  const packets = (flowId: number, facts: Partial<Span> = {}): Span =>
    orderSpan({
      spanId: String(flowId).padStart(16, 'c'),
      observationPoint: 's',
      flowId,
      startTimeNs: epochNs,
      ...facts,
    });
  const interval = (seconds: bigint, metrics: Partial<FlowMetrics>, facts: Partial<Flow> = {}): Flow =>
    aFlow({ startTimeNs: epochNs + seconds * secondNs, metrics: someFlowMetrics(metrics), ...facts });
  const storeFlows = (...flows: readonly Flow[]): Promise<void> =>
    database.store(flowMessage({ agentId: 77, flows }, 0));

  it('count what happened while it went on, and how they were opened and closed before and after', async () => {
    await database.store(traceMessage(aTrace([packets(1, { durationNs: 15e9 })]), 0));
    const sent = (packetCount: number, more: Partial<FlowSide> = {}): FlowSide =>
      aFlowSide({ packets: packetCount, ...more });
    const acknowledgment = { count: 1, sumNs: 40, maxNs: 40 };
    await storeFlows(
      interval(-3000n, {
        client: sent(3, { synRetransmissions: 1, retransmissions: 9 }),
        server: sent(2),
        serverHandshakeNs: 30,
        clientHandshakeNs: 0,
      }),
      // It began before the trace, and goes on in it.
      interval(-5n, { client: sent(4, { retransmissions: 1, acknowledgment }), server: sent(5) }, { durationNs: 6e9 }),
      interval(5n, { client: sent(6, { acknowledgment, zeroWindows: 2 }), server: sent(7, { resets: 1 }) }),
      interval(3000n, { client: sent(8), server: sent(9), isOpen: false, closeType: 'finished' }),
      interval(0n, {}, { flowId: 2 }),
    );
    // Another agent's flow of the same number.
    await database.store(flowMessage({ agentId: 78, flows: [interval(0n, {})] }, 1));
    const client = {
      packets: 10,
      handshakeNs: 0,
      retransmissions: 1,
      synRetransmissions: 1,
      zeroWindows: 2,
      acknowledgmentCount: 2,
      acknowledgmentSumNs: 80,
      acknowledgmentMaxNs: 40,
    };
    expect(await store.traceFlows(traceA)).toEqual([
      aTraceFlow({
        client: aTraceFlowSide(client),
        server: aTraceFlowSide({ packets: 12, handshakeNs: 30, resets: 1 }),
        closeType: 'finished',
      }),
    ]);
    expect(await store.traceFlows(traceB)).toEqual([]);
    expect(await store.traceFlows("a' OR 1")).toEqual([]);
  });

  it('are as many as are shown, however many there are', async () => {
    const spans = Array.from({ length: maxTraceFlows + 10 }, (_, index) => packets(index + 1));
    await database.store(traceMessage(aTrace(spans), 0));
    await storeFlows(...spans.map(({ flowId }) => interval(0n, {}, { flowId })));
    const flows = await store.traceFlows(traceA);
    expect(flows.map(({ flowId }) => flowId)).toEqual(spans.slice(0, maxTraceFlows).map(({ flowId }) => flowId));
  });

  it('are found without reading those of other connections', async () => {
    await database.store(traceMessage(aTrace([packets(39_000)]), 0));
    await storeFlows(...Array.from({ length: 40_000 }, (_, flowId) => interval(0n, {}, { flowId })));
    await database.clickHouse.execute('OPTIMIZE TABLE flow FINAL');
    const [row] = await database.clickHouse.select<TraceRow>(traceRowsSql(traceA, 1));
    const plan = await database.clickHouse.select<{ readonly explain: string }>(
      `EXPLAIN indexes = 1 ${traceFlowsSql(row!, 1)}`,
    );
    const text = plan.map(({ explain }) => explain.trim()).join('\n');
    const granules = [...text.matchAll(/Granules: (\d+)\/(\d+)/g)];
    expect(text).toContain('Name: flow_id_index');
    expect(text).toContain('toStartOfMinute(start_time)\nagent_id\nflow_id');
    expect(Number(granules.at(-1)![1])).toBeLessThan(Number(granules[0]![2]));
  });
});
