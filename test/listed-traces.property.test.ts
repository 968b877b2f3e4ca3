import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { ClickHouse } from '../core/clickhouse/clickhouse.ts';
import { aSide, aSpan, epochNs } from '../schemas/testing/a-span.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { propertyRuns } from '../schemas/testing/property-runs.ts';
import { storeMessages, temporaryClickHouse, type TemporaryClickHouse } from '../sink/testing/temporary-clickhouse.ts';
import { traceMessage } from '../sink/testing/traces.ts';
import { defaultReadLimits } from '../query/config.ts';
import { listTraces } from '../query/store/list-traces.ts';
import { boundedReader } from '../query/store/read-limits.ts';
import type { ListPosition, TraceFilter } from '../query/store/trace-store.ts';

let database: TemporaryClickHouse;
let clickHouse: ClickHouse;

beforeAll(async () => {
  database = await temporaryClickHouse();
  clickHouse = database.clickHouse;
});
afterAll(() => database.remove());
beforeEach(empty);

async function empty(): Promise<void> {
  for (const table of ['spans', 'trace', 'trace_by_time', 'trace_version'])
    await clickHouse.execute(`TRUNCATE TABLE ${table}`);
}

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');
const traceIdOf = (number: number): string => hex(number + 1, 32);

/**
 * A version of a trace: `spans` of them, the first at `second`; odd ones of protocol DNS in odd revisions. A revision may be stored again
 * with another duration.
 */
function versionOf(
  number: number,
  spans: number,
  second: number,
  durationMs = 1 + (number % 3),
): Parameters<typeof traceMessage>[0] {
  return aTrace(
    Array.from({ length: spans }, (_, index) =>
      aSpan({
        spanId: hex(number * 100 + index + 1, 16),
        // The last span that comes to be known is the first one.
        startTimeNs: epochNs + BigInt(second + 10 * number + (10 - index)) * 1_000_000_000n,
        durationNs: 1_000_000 * durationMs,
        protocol: (index + spans) % 2 === 0 ? 'dns' : 'http1',
        server: aSide({ podId: spans }),
      }),
    ),
    { traceId: traceIdOf(number) },
  );
}

/** The whole list as the tables with FINAL say it. */
async function expected({ protocol, sort, fromNs, toNs }: TraceFilter): Promise<readonly string[]> {
  const conditions = [
    `merged_into = toFixedString('', 16)`,
    ...(protocol === undefined
      ? []
      : [`trace_id IN (SELECT trace_id FROM spans FINAL WHERE protocol = '${protocol}')`]),
    ...(fromNs === undefined ? [] : [`start_time >= fromUnixTimestamp64Nano(${fromNs})`]),
    ...(toNs === undefined ? [] : [`start_time <= fromUnixTimestamp64Nano(${toNs})`]),
  ];
  const rows = await clickHouse.select<{ id: string }>(
    `SELECT lower(hex(trace_id)) AS id FROM trace FINAL WHERE ${conditions.join(' AND ')}
     ORDER BY ${sort === 'slowest' ? 'duration_ns' : 'start_time'} DESC, trace_id DESC`,
  );
  return rows.map(({ id }) => id);
}

/** The whole list by its pages. */
async function paged(filter: TraceFilter, between: () => Promise<void>): Promise<readonly string[]> {
  const reader = boundedReader(clickHouse, defaultReadLimits, undefined);
  const ids: string[] = [];
  for (let after: ListPosition | undefined; ;) {
    const page = await listTraces(reader, { ...filter, ...(after === undefined ? {} : { after }) }, 2);
    ids.push(...page.traces.map(({ traceId }) => traceId));
    if (page.next === undefined) return ids;
    after = page.next;
    await between();
  }
}

const optimize = async (): Promise<void> => {
  for (const table of ['spans', 'trace', 'trace_by_time', 'trace_version'])
    await clickHouse.execute(`OPTIMIZE TABLE ${table} FINAL`);
};

const step = fc.oneof(
  fc.record({
    what: fc.constant('store' as const),
    number: fc.nat(7),
    spans: fc.integer({ min: 1, max: 4 }),
    durationMs: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ what: fc.constant('merge' as const), number: fc.nat(6) }),
  fc.constant({ what: 'optimize' as const }),
);
const filters: readonly TraceFilter[] = (['newest', 'slowest'] as const).flatMap((sort) => [
  { sort, limit: 2 },
  { sort, limit: 3, protocol: 'dns' as const },
  { sort, limit: 1, fromNs: epochNs + 15_000_000_000n, toNs: epochNs + 60_000_000_000n },
]);

it('pages of a list say what trace FINAL and spans FINAL say, whatever is stored again, replaced, taken over and merged', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), fc.boolean(), async (steps, isMergedBetween) => {
      await empty();
      const spansOf = new Map<number, number>();
      for (const taken of steps) {
        if (taken.what === 'optimize') await optimize();
        else if (taken.what === 'store') {
          spansOf.set(taken.number, taken.spans);
          await storeMessages(clickHouse, [traceMessage(versionOf(taken.number, taken.spans, 0, taken.durationMs), 0)]);
        } else {
          // The next trace takes over all its spans.
          const gone = versionOf(taken.number, 4, 0);
          const other = versionOf(taken.number + 1, 4, 0);
          const { traceId } = other;
          await storeMessages(clickHouse, [
            traceMessage(aTrace([...other.spans, ...gone.spans], { traceId }), 0),
            traceMessage({ ...aTrace([], { traceId: gone.traceId, revision: 4 }), mergedInto: traceId }, 1),
          ]);
        }
      }
      const between = isMergedBetween ? optimize : (): Promise<void> => Promise.resolve();
      for (const filter of filters) expect(await paged(filter, between), filter.sort).toEqual(await expected(filter));
    }),
    { numRuns: propertyRuns(40) },
  );
});
