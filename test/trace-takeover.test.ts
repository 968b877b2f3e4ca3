/** Correlator, sink and database together: a client that sends the trace id of a stored trace again does not touch that. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { OutgoingMessage, ReceivedMessage } from '../core/bus/bus.ts';
import { Correlator } from '../correlator/stage.ts';
import { callOf } from '../correlator/testing/scenario.ts';
import { batchMessage, testConfig } from '../correlator/testing/span-messages.ts';
import { clickHouseTraceStore } from '../query/store/clickhouse-trace-store.ts';
import type { NamedTrace, TraceStore } from '../query/store/trace-store.ts';
import type { Span } from '../schemas/generated/span.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from '../sink/testing/temporary-clickhouse.ts';

const carried = { headerTraceId: 'ab'.repeat(16) };
const [victimCall, victim] = callOf(1, 0, 100, { ...carried, requestResource: '/victim' });
const [, stranger] = callOf(2, 400_000, 400_100, { ...carried, requestResource: '/evil' });

let database: TemporaryClickHouse;
let store: TraceStore;
beforeEach(async () => {
  database = await temporaryClickHouse();
  store = clickHouseTraceStore(database.clickHouse);
});
afterEach(() => database.remove());

let offset = 0;
const receive = (outputs: readonly OutgoingMessage[]): readonly ReceivedMessage[] =>
  outputs.map(({ key, value, headers }) => ({
    topic: 'traces',
    partition: 0,
    offset: offset++,
    timestampMs: 0,
    key,
    value: Buffer.from(value),
    headers: headers ?? {},
  }));

/** A correlator that knows nothing of others before it, and what it makes of spans that come at these times. */
async function correlateAndStore(
  ...arrivals: readonly (readonly [atMs: number, spans: readonly Span[]])[]
): Promise<void> {
  const correlator = new Correlator(testConfig);
  const outputs = arrivals.flatMap(([atMs, spans], index) => correlator.process(batchMessage(index, atMs, spans), 0));
  await database.store(...receive([...outputs, ...correlator.drain()]));
}

async function found(id: string): Promise<NamedTrace> {
  const result = await store.findTrace(id);
  if (result.kind !== 'found') throw new Error(result.kind);
  return result.named;
}
const resourcesOf = ({ trace }: NamedTrace): readonly string[] => trace.spans.map((span) => span.requestResource);

it('after a restart it is another trace, and the stored one stays under its W3C trace id', async () => {
  await correlateAndStore([100, [victim]]);
  const before = await found(carried.headerTraceId);
  // More revisions than the stored one has, so that it would replace that under the same id.
  const more = Array.from({ length: 5 }, (_, index) => callOf(10 + index, 400_000, 400_100, carried)[1]);
  await correlateAndStore([400_100, [stranger, ...more]]);
  const after = await found(carried.headerTraceId);
  expect(after.trace).toEqual(before.trace);
  expect(resourcesOf(after)).toEqual(['/victim']);
  expect(after.alsoCarriedBy).toHaveLength(1);
  const other = await found(after.alsoCarriedBy[0]!);
  expect(resourcesOf(other)).toContain('/evil');
  expect(other.alsoCarriedBy).toEqual([carried.headerTraceId]);
  expect((await store.listTraces({ sort: 'newest', limit: 10 })).traces.map(({ traceId }) => traceId)).toEqual([
    other.storedTraceId,
    carried.headerTraceId,
  ]);
  const spans = await database.clickHouse.select<{ count: number }>(
    'SELECT toInt32(count()) AS count FROM spans FINAL',
  );
  expect(spans).toEqual([{ count: 7 }]);
});

it('late spans of the stored one come to it, whoever carried its id in between', async () => {
  await correlateAndStore([100, [victim]], [4_000, []], [60_000, [victimCall]], [400_100, [stranger]]);
  const { trace } = await found(carried.headerTraceId);
  expect(trace.spans.map(({ spanId }) => spanId)).toEqual([victimCall.spanId, victim.spanId]);
  expect(trace.revision).toBe(2);
});
