/** A list of spans of which few match: bounded in time, and it goes on where it ended. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultReadLimits } from '../query/config.ts';
import { boundedReader, type Reader } from '../query/store/read-limits.ts';
import { listSpans } from '../query/store/read-spans.ts';
import type { SpanListFilter } from '../query/store/span-list-sql.ts';
import { epochNs } from '../schemas/testing/a-span.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from '../sink/testing/temporary-clickhouse.ts';
import { orderSpan, traceMessage } from '../sink/testing/traces.ts';

let database: TemporaryClickHouse;
let reader: Reader;
const hourNs = 3_600_000_000_000n;
const spanIdOf = (hour: number): string => String(hour).padStart(16, '0');

beforeAll(async () => {
  database = await temporaryClickHouse();
  reader = boundedReader(database.clickHouse, defaultReadLimits, undefined);
  // Two days of spans, one an hour, and one of long before.
  const starts = [...Array.from({ length: 49 }, (_, hour) => epochNs + BigInt(hour) * hourNs), 1_000_000_000n];
  const traces = starts.map((startTimeNs, number) =>
    aTrace([orderSpan({ spanId: spanIdOf(number), startTimeNs })], { traceId: String(number + 1).padStart(32, '0') }),
  );
  await database.store(...traces.map((trace, at) => traceMessage(trace, at)));
});
afterAll(() => database.remove());

const endNs = epochNs + 48n * hourNs;

/** All pages of a list while every statement takes so long by a clock of its own. */
async function pagesOf(filter: Partial<SpanListFilter>, statementMs: number): Promise<readonly (readonly string[])[]> {
  let timeMs = 0;
  const slow: Reader = {
    select(sql) {
      timeMs += statementMs;
      return reader.select(sql);
    },
  };
  const pages: (readonly string[])[] = [];
  let after: SpanListFilter['after'];
  do {
    const startedAtMs = timeMs;
    const asked = { onlyCalls: true, limit: 100, ...filter, ...(after === undefined ? {} : { after }) };
    const { spans, next } = await listSpans(slow, asked, endNs, () => timeMs);
    // The budget, a statement that began within it, and those for ids and names.
    expect(timeMs - startedAtMs).toBeLessThanOrEqual(5_000 + 5 * statementMs);
    pages.push(spans.map(({ span_id: id }) => id));
    after = next;
  } while (after !== undefined);
  return pages;
}
const every = (hours: readonly number[]): readonly string[] => hours.map(spanIdOf);
const backwards = [...Array.from({ length: 49 }, (_, at) => 48 - at), 49];

it('is whole at once where the database is quick', async () => {
  expect(await pagesOf({}, 10)).toEqual([every(backwards)]);
  expect(await pagesOf({ limit: 20 }, 10)).toEqual([
    every(backwards.slice(0, 20)),
    every(backwards.slice(20, 40)),
    every(backwards.slice(40)),
  ]);
});

it('comes in pieces, some without a span, where it is slow: none twice, none left out', async () => {
  const pages = await pagesOf({ fromNs: endNs - 2n * hourNs }, 450);
  expect(pages.flat()).toEqual(every([48, 47, 46]));
  for (const statementMs of [450, 900, 4_000]) {
    expect((await pagesOf({}, statementMs)).flat()).toEqual(every(backwards));
    const rare = await pagesOf({ endpoint: 'no such' }, statementMs);
    expect(rare.flat()).toEqual([]);
    // As far as half a century.
    expect(rare.length).toBeGreaterThan(statementMs > 450 ? 5 : 0);
    expect(rare.length).toBeLessThan(40);
  }
});

it('ends at once where nothing is stored in the range', async () => {
  expect(await pagesOf({ fromNs: endNs + 1n }, 10)).toEqual([[]]);
  expect(await pagesOf({ toNs: 999_999_999n }, 10)).toEqual([[]]);
});
