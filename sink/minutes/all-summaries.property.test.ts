/** Every view per minute says what the rows say, whatever is stored, summed up and interrupted in between. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { aFlow } from '../../schemas/testing/a-flow.ts';
import { aSide, aSpan, epochNs } from '../../schemas/testing/a-span.ts';
import { aTrace } from '../../schemas/testing/a-trace.ts';
import { propertyRuns } from '../../schemas/testing/property-runs.ts';
import { failingAt } from '../testing/failing-statement.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from '../testing/temporary-clickhouse.ts';
import { flowMessage, traceMessage } from '../testing/traces.ts';
import { type MinuteSummary, minuteSummaries } from './minute-summary.ts';
import { sumNextMinute } from './sum-minutes.ts';

let database: TemporaryClickHouse;
let clickHouse: ClickHouse;
const columnsOf = new Map<string, string>();
beforeAll(async () => {
  database = await temporaryClickHouse();
  clickHouse = database.clickHouse;
  for (const { name } of minuteSummaries) {
    const columns = await clickHouse.select<{ name: string }>(`DESCRIBE TABLE ${name}_now`);
    columnsOf.set(name, columns.map((column) => column.name).join(', '));
  }
});
afterAll(() => database.remove());

const minuteNs = 60_000_000_000n;
const tables = ['flow', 'spans', 'trace', 'summed_minute', ...minuteSummaries.map(({ name }) => `${name}_sum`)];

/** A call of a trace of its own; a later revision of it may say something else. */
interface Call {
  readonly number: number;
  readonly minute: number;
  readonly service: number;
  readonly status: Span['status'];
  readonly ms: number;
}
const call: fc.Arbitrary<Call> = fc.record({
  number: fc.nat(4),
  minute: fc.nat(1),
  service: fc.integer({ min: 1, max: 2 }),
  status: fc.constantFrom<Span['status']>('ok', 'server_error', 'timeout'),
  ms: fc.integer({ min: 0, max: 2_000 }),
});
const flow = fc.record({ number: fc.nat(3), minute: fc.nat(1), service: fc.integer({ min: 1, max: 2 }) });
const summary = fc.constantFrom(...minuteSummaries);
const step = fc.oneof(
  fc.record({ what: fc.constant('calls' as const), calls: fc.array(call, { minLength: 1, maxLength: 4 }) }),
  fc.record({ what: fc.constant('flows' as const), flows: fc.array(flow, { minLength: 1, maxLength: 3 }) }),
  fc.record({ what: fc.constant('sum' as const), summary }),
  fc.record({ what: fc.constant('fail' as const), summary, statement: fc.nat(5), isAfter: fc.boolean() }),
);

const side = (service: number) => aSide({ serviceId: service, autoServiceType: 12, autoServiceId: service });
const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');
const timeOf = (minute: number): bigint => epochNs + BigInt(minute) * minuteNs;

async function storeCalls(calls: readonly Call[], revision: number): Promise<void> {
  const traces = calls.map(({ number, minute, service, status, ms }) =>
    aTrace(
      [
        aSpan({
          // A span that starts elsewhere is another one.
          spanId: hex(16 * minute + number + 1, 16),
          observationPoint: 's-p',
          startTimeNs: timeOf(minute),
          durationNs: ms * 1_000_000,
          status,
          client: side(9),
          server: side(service),
        }),
      ],
      { traceId: hex(16 * minute + number + 1, 32), revision },
    ),
  );
  await database.store(...traces.map((trace, at) => traceMessage(trace, at)));
}

async function storeFlows(flows: readonly { number: number; minute: number; service: number }[]): Promise<void> {
  const stored = flows.map(({ number, minute, service }) =>
    aFlow({ flowId: number + 1, startTimeNs: timeOf(minute), client: side(9), server: side(service) }),
  );
  await database.store(flowMessage({ agentId: 7, flows: stored }, 0));
}

async function sumAll(of: MinuteSummary, through = clickHouse): Promise<void> {
  while (await sumNextMinute(through, of, { quietMs: 0 }));
}

const lines = (sql: string): Promise<readonly unknown[]> => clickHouse.select(`SELECT * FROM (${sql}) ORDER BY ALL`);
async function checkAll(): Promise<void> {
  for (const { name } of minuteSummaries) {
    // The view may have names besides.
    const columns = columnsOf.get(name)!;
    expect({ name, lines: await lines(`SELECT ${columns} FROM ${name}`) }).toEqual({
      name,
      lines: await lines(`SELECT ${columns} FROM ${name}_now`),
    });
  }
  // What is summed up from another summary is what the calls say.
  expect(await lines('SELECT minute, server_id, calls, errors FROM service_minute')).toEqual(
    await lines(
      `SELECT toStartOfMinute(start_time) AS minute, call_server_id AS server_id, count() AS calls,
         countIf(status IN ('client_error', 'server_error', 'timeout', 'closed')) AS errors
       FROM spans FINAL WHERE is_call GROUP BY minute, server_id`,
    ),
  );
}

it('holds for flows, calls and services', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), async (steps) => {
      for (const table of tables) await clickHouse.execute(`TRUNCATE TABLE ${table}`);
      for (const [at, taken] of steps.entries()) {
        if (taken.what === 'calls') await storeCalls(taken.calls, at + 1);
        else if (taken.what === 'flows') await storeFlows(taken.flows);
        else if (taken.what === 'sum') await sumAll(taken.summary);
        else await sumAll(taken.summary, failingAt(clickHouse, taken.statement, taken.isAfter)).catch(() => undefined);
        await checkAll();
      }
      for (const of of minuteSummaries) await sumAll(of);
      expect(await clickHouse.select('SELECT * FROM changed_minute')).toEqual([]);
      await checkAll();
    }),
    { numRuns: propertyRuns(20), seed: 13 },
  );
}, 300_000);
