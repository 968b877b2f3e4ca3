/** The table `operation` has what the spans say, by whatever way it is asked. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projectFile } from '../core/project-files.ts';
import { readFileSync } from 'node:fs';
import { statementNames } from '../protocols/protocols.ts';
import type { SpanCondition } from '../query/opentelemetry/span-condition.ts';
import { type OperationRow, operationsSql, serviceNamesSql, type SpanRange } from '../query/store/otel-lists-sql.ts';
import { protocolSymbols } from '../schemas/generated/span.ts';
import { aResource } from '../schemas/testing/a-resource.ts';
import { aSide, aSpan, epochNs } from '../schemas/testing/a-span.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from '../sink/testing/temporary-clickhouse.ts';
import { resourceMessage, traceMessage } from '../sink/testing/traces.ts';

let database: TemporaryClickHouse;
const hourNs = 3_600_000_000_000n;
const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');
const points = ['c-p', 's-p', 'c-nd', 'app'] as const;

/** Span `number` of a set in which services, protocols, endpoints, points and hours vary. */
function spanOf(number: number): ReturnType<typeof aSpan> {
  const side = aSide({ autoServiceType: 12, autoServiceId: 1 + (number % 3) });
  const observationPoint = points[number % points.length]!;
  const isNamed = number % 5 !== 0;
  return aSpan({
    spanId: hex(number, 16),
    startTimeNs: epochNs + BigInt(number % 7) * hourNs,
    observationPoint,
    protocol: protocolSymbols[1 + (number % (protocolSymbols.length - 1))]!,
    requestType: number % 2 === 0 ? 'GET' : 'SELECT',
    requestDomain: `domain-${number % 2}`,
    endpoint: `/${number % 11}`,
    processName: `process-${number % 2}`,
    ...(isNamed ? { client: side, server: side } : {}),
  });
}

beforeAll(async () => {
  database = await temporaryClickHouse();
  const services = [1, 2, 3].map((id) =>
    resourceMessage(aResource({ kind: 'service', id, uid: `service-${id}`, name: `service-${id}` }), id),
  );
  const traces = Array.from({ length: 200 }, (_, number) =>
    traceMessage(aTrace([spanOf(number + 1)], { traceId: hex(number + 1, 32) }), number),
  );
  await database.store(...services, ...traces);
  // Again, as after a restart.
  await database.store(...traces.slice(0, 100));
  await database.clickHouse.execute('SYSTEM RELOAD DICTIONARIES');
});
afterAll(() => database.remove());

const always: SpanCondition = { kind: 'always', holds: true };
const ofService: SpanCondition = { kind: 'service', test: { kind: 'equal', text: 'service-2' } };
const ofProcess: SpanCondition = { kind: 'service', test: { kind: 'matches', pattern: 'process.*' } };
/** True of every span, and of no service: so the spans themselves are asked. */
const anyDuration: SpanCondition = { kind: 'number', field: 'duration_ns', comparison: '>=', value: 0 };
const ranges: readonly SpanRange[] = [
  {},
  // Whole hours, as the table has them.
  { fromNs: epochNs - (epochNs % hourNs) + 2n * hourNs, toNs: epochNs - (epochNs % hourNs) + 5n * hourNs - 1n },
];

it.each([
  ['all', always],
  ['a service', ofService],
  ['what is no service', { kind: 'not', term: ofService }],
  ['processes without a service', ofProcess],
] as const)('services and operations of %s are those of the spans', async (_, condition) => {
  const ofSpans: SpanCondition = { kind: 'and', terms: [condition, anyDuration] };
  for (const range of ranges) {
    const both = [condition, ofSpans].map(async (asked) => {
      const names = await database.clickHouse.select<{ value: string }>(serviceNamesSql(range, asked, 1_000));
      const operations = await database.clickHouse.select<OperationRow>(operationsSql(range, asked, 1_000));
      return {
        names: names.map(({ value }) => value).sort(),
        operations: operations.map((row) => JSON.stringify(row)).sort(),
      };
    });
    const [ofTable, expected] = await Promise.all(both);
    expect(expected!.names.length).toBeGreaterThan(0);
    expect(ofTable).toEqual(expected);
  }
});

it('knows which protocols are named by the database that is asked', () => {
  const named = statementNames.map((name) => `'${name}'`).sort();
  const migration = readFileSync(projectFile('schemas/clickhouse/013-trace-times.sql'), 'utf8');
  const lists = [...migration.matchAll(/protocol IN \(([^)]*)\)/g)].map(([, list]) => list);
  expect(lists).toEqual([named.join(', '), named.join(', ')]);
});
