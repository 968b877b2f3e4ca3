/** Packets of edges and over time, from flows that the sink stored: with the real engine, before and after minutes were summed up. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultReadLimits } from '../query/config.ts';
import { readFlowSeries } from '../query/store/flow-series.ts';
import { boundedReader, type Reader } from '../query/store/read-limits.ts';
import { readTopology } from '../query/store/topology.ts';
import type { FlowSide } from '../schemas/generated/event-batch.ts';
import type { Flow } from '../schemas/generated/flow-batch.ts';
import { aFlow, someFlowMetrics } from '../schemas/testing/a-flow.ts';
import { aResource } from '../schemas/testing/a-resource.ts';
import { aFlowSide } from '../schemas/testing/a-segment.ts';
import { aSide, aSpan, epochNs } from '../schemas/testing/a-span.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { callMinute, flowMinute, serviceMinute } from '../sink/minutes/minute-summary.ts';
import { sumNextMinute } from '../sink/minutes/sum-minutes.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from '../sink/testing/temporary-clickhouse.ts';
import { flowMessage, resourceMessage, traceMessage } from '../sink/testing/traces.ts';

let database: TemporaryClickHouse;
let reader: Reader;

const minuteNs = 60_000_000_000n;
const range = { fromNs: epochNs, toNs: epochNs + 10n * minuteNs };
const side = (service: number, pod: number): ReturnType<typeof aSide> =>
  aSide({ serviceId: service, podId: pod, autoServiceType: 12, autoServiceId: service });
const [cart, prices, mail] = [side(1, 10), side(2, 20), side(3, 30)];

/** An interval in this minute, with what each side sent. */
const interval = (
  minute: number,
  client: Partial<FlowSide>,
  server: Partial<FlowSide>,
  facts: Partial<Flow> = {},
): Flow =>
  aFlow({
    startTimeNs: epochNs + BigInt(minute) * minuteNs,
    metrics: someFlowMetrics({ client: aFlowSide(client), server: aFlowSide(server) }),
    client: cart,
    server: prices,
    ...facts,
  });
const acknowledged = (count: number, sumNs: number): Partial<FlowSide> => ({
  acknowledgment: { count, sumNs, maxNs: sumNs },
});

beforeAll(async () => {
  database = await temporaryClickHouse();
  reader = boundedReader(database.clickHouse, defaultReadLimits, undefined);
  const resources = [
    aResource({ kind: 'service', id: 1, uid: 'a', name: 'cart' }),
    aResource({ kind: 'service', id: 2, uid: 'b', name: 'prices' }),
    aResource({ kind: 'service', id: 3, uid: 'c', name: 'mail' }),
  ];
  await database.store(...resources.map((resource, at) => resourceMessage(resource, at)));
  const calls = [prices, mail].map((server, number) =>
    aSpan({ spanId: `000000000000000${number}`, observationPoint: 's-p', startTimeNs: epochNs, client: cart, server }),
  );
  await database.store(traceMessage(aTrace(calls), 0));
  const flows = [
    interval(
      0,
      { packets: 10, bytes: 1_000 },
      { packets: 5, bytes: 500, retransmissions: 2, ...acknowledged(4, 4_000) },
    ),
    interval(
      1,
      { packets: 3, retransmissions: 1, resets: 1 },
      { packets: 2, zeroWindows: 6, ...acknowledged(1, 6_000) },
    ),
    // The same packets seen at the other end, of which fewer were seen there.
    interval(0, { packets: 9 }, { packets: 5, ...acknowledged(9, 9) }, { flowId: 2, observationPoint: 's' }),
    // No calls were seen of these.
    interval(0, { packets: 1 }, { packets: 1 }, { flowId: 3, client: mail, server: cart }),
  ];
  // Twice: what is stored again counts once.
  for (const offset of [0, 1]) await database.store(flowMessage({ agentId: 7, flows }, offset));
});
afterAll(() => database.remove());

async function checkAll(): Promise<void> {
  for (const level of ['service', 'pod'] as const) {
    const { edges } = await readTopology(reader, { ...range, level, group: 'none' });
    const figures = edges
      .toSorted((one, other) => other.packets - one.packets)
      .map(({ packets, retransmissions, resets, round_trip_count: count, round_trip_mean_ns: mean }) => [
        packets,
        retransmissions,
        resets,
        count,
        mean,
      ]);
    expect({ level, figures }).toEqual({
      level,
      figures: [
        [20, 3, 1, 5, 2_000],
        [0, 0, 0, 0, -1],
      ],
    });
  }
  const series = (client: string | undefined, server: string | undefined) =>
    readFlowSeries(reader, { ...range, client, server, stepNs: Number(minuteNs) });
  const beginS = Number(epochNs / 1_000_000_000n);
  const { step_s, points } = await series('cart', 'prices');
  expect(step_s).toBe(60);
  expect(points).toMatchObject([
    {
      time_s: beginS - (beginS % 60),
      packets: 15,
      bytes: 1_500,
      retransmissions: 2,
      round_trip_mean_ns: 1_000,
      round_trip_max_ns: 4_000,
    },
    { packets: 5, retransmissions: 1, resets: 1, zero_windows: 6, round_trip_mean_ns: 6_000 },
  ]);
  expect((await series('cart', undefined)).points).toEqual(points);
  expect((await series('', 'prices')).points).toEqual(points);
  expect((await series(undefined, 'cart')).points).toMatchObject([{ packets: 2 }]);
  expect((await series('prices', 'cart')).points).toEqual([]);
  expect((await series("x' OR 1=1 --", undefined)).points).toEqual([]);
}

it('edges and series have the packets of one observation point, also before and after minutes were summed up', async () => {
  await checkAll();
  for (const summary of [flowMinute, callMinute, serviceMinute])
    while (await sumNextMinute(database.clickHouse, summary, { quietMs: 0 }));
  expect(await database.clickHouse.select('SELECT * FROM changed_minute')).toEqual([]);
  await checkAll();
});
