/** A database of the version before lists by time and sums of calls, upgraded and interrupted again and again on the way. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ClickHouse } from '../core/clickhouse/clickhouse.ts';
import { openEmbeddedClickHouse } from '../core/clickhouse/embedded.ts';
import { migrate } from '../core/clickhouse/migrate.ts';
import { packagedSchema } from '../core/clickhouse/schema-files.ts';
import { aFlow } from '../schemas/testing/a-flow.ts';
import { aResource } from '../schemas/testing/a-resource.ts';
import { aSide, aSpan, epochNs } from '../schemas/testing/a-span.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { minuteSummaries } from './minutes/minute-summary.ts';
import { sumNextMinute } from './minutes/sum-minutes.ts';
import { storeMessages } from './testing/temporary-clickhouse.ts';
import { flowMessage, resourceMessage, traceMessage } from './testing/traces.ts';

const former = 11;
const directory = mkdtempSync(join(tmpdir(), 'spanloom-upgrade-'));
let clickHouse: ClickHouse;
beforeAll(() => {
  clickHouse = openEmbeddedClickHouse({ directory });
});
afterAll(async () => {
  await clickHouse.close();
  rmSync(directory, { recursive: true, force: true });
});

const hourNs = 3_600_000_000_000n;
const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');
const side = (service: number) => aSide({ serviceId: service, autoServiceType: 12, autoServiceId: service });
/** Calls over some days; the trace of every third was stored once more, with another start. */
const traceOf = (number: number, revision: number) =>
  aTrace(
    [
      aSpan({
        spanId: hex(number, 16),
        observationPoint: 's-p',
        startTimeNs: epochNs + BigInt(number) * hourNs,
        durationNs: number * 1_000_000,
        status: number % 10 === 0 ? 'server_error' : 'ok',
        client: side(1),
        server: side(2),
      }),
    ],
    {
      traceId: hex(number, 32),
      revision,
      startTimeNs: epochNs + BigInt(number) * hourNs - BigInt(revision),
      carriedTraceId: hex(1_000 + number, 32),
    },
  );

/** The database, which is gone behind this many statements that change it. */
function goneBehind(statements: number): ClickHouse {
  let left = statements;
  return {
    ...clickHouse,
    async execute(sql) {
      if (left-- === 0) throw new Error('gone');
      await clickHouse.execute(sql);
    },
  };
}

const rows = (sql: string): Promise<readonly unknown[]> => clickHouse.select(sql);

it('has the answers that its rows give, once each', async () => {
  const { migrations } = packagedSchema();
  await migrate(clickHouse, { migrations: migrations.filter(({ number }) => number <= former), derived: [] }, []);
  const numbers = Array.from({ length: 60 }, (_, at) => at + 1);
  const messages = [
    ...[1, 2].map((id) =>
      resourceMessage(aResource({ kind: 'service', id, uid: `s${id}`, name: `service-${id}` }), id),
    ),
    ...numbers.map((number) => traceMessage(traceOf(number, 1), number)),
    ...numbers.filter((number) => number % 3 === 0).map((number) => traceMessage(traceOf(number, 2), number)),
    traceMessage(aTrace([], { traceId: hex(1, 32), revision: 9, startTimeNs: 0n, mergedInto: hex(2, 32) }), 99),
    flowMessage(
      { agentId: 7, flows: numbers.map((id) => aFlow({ flowId: id, client: side(1), server: side(2) })) },
      100,
    ),
  ];
  // In two batches, so that a trace has rows in several parts.
  const withoutDictionaries: ClickHouse = {
    ...clickHouse,
    execute: (sql) => (sql.startsWith('SYSTEM RELOAD') ? Promise.resolve() : clickHouse.execute(sql)),
  };
  await storeMessages(withoutDictionaries, messages.slice(0, 40));
  await storeMessages(withoutDictionaries, messages.slice(40));
  // That version marked minutes of flows only.
  await clickHouse.execute(
    "ALTER TABLE summed_minute DELETE WHERE summary != 'flow_minute' SETTINGS mutations_sync = 1",
  );

  let interruptions = 0;
  for (let isDone = false; !isDone; interruptions++)
    isDone = await migrate(goneBehind(3 * interruptions)).then(
      () => true,
      () => false,
    );
  expect(interruptions).toBeGreaterThan(5);
  expect(await migrate(clickHouse)).toEqual([]);

  for (const isSummed of [false, true]) {
    if (isSummed)
      for (const summary of minuteSummaries) while (await sumNextMinute(clickHouse, summary, { quietMs: 0 }));
    const present = `SELECT trace_id, version, content FROM trace_version FINAL WHERE merged_into = toFixedString('', 16)`;
    expect({
      isSummed,
      listed: await rows(
        `SELECT count() AS traces, uniqExact(trace_id) AS ids, countIf(revision = 2) AS again, sum(duration_ns) AS duration
         FROM trace_by_time FINAL WHERE (trace_id, version, content) IN (${present})`,
      ),
      carried: await rows('SELECT uniqExact(carried_trace_id) AS ids FROM trace_version FINAL'),
      calls: await rows('SELECT sum(calls) AS calls, uniqExact(minute) AS minutes FROM call_minute'),
      errors: await rows('SELECT sum(calls) AS calls, sum(errors) AS errors FROM service_minute'),
      flows: await rows('SELECT sum(flows) AS flows FROM flow_minute'),
      spans: await rows('SELECT count() AS spans FROM spans_named'),
      otel: await rows('SELECT count() AS spans FROM otel_traces'),
    }).toEqual({
      isSummed,
      listed: [{ traces: 59, ids: 59, again: 20, duration: expect.any(Number) as number }],
      carried: [{ ids: 60 }],
      calls: [{ calls: 60, minutes: 60 }],
      errors: [{ calls: 60, errors: 6 }],
      flows: [{ flows: 60 }],
      spans: [{ spans: 60 }],
      otel: [{ spans: 60 }],
    });
  }
});
