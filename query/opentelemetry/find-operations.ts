/**
 * Names of spans follow from their protocol, request and endpoint by rules that no database has (span-name.ts). So a
 * condition on names first finds which of the operations of a range have such a name, and then asks for these.
 */
import { stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import { hasCode } from '../../core/errors.ts';
import { spanName } from '../../opentelemetry/span-name.ts';
import type { Protocol } from '../../schemas/generated/span.ts';
import type { PointKind } from '../../schemas/observation-points.ts';
import { type OperationRow, operationsSql, type SpanRange } from '../store/otel-lists-sql.ts';
import type { Reader } from '../store/read-limits.ts';
import { wholePattern } from '../store/span-condition-sql.ts';
import type { Operation, SpanCondition, TextTest } from './span-condition.ts';

/** No more operations of a range are looked at, the most frequent ones. */
export const maxOperations = 5_000;

/** An operation with the name of its spans. */
export interface NamedOperation extends Operation {
  readonly name: string;
  readonly side: PointKind;
}

const sides: Readonly<Record<string, PointKind>> = { c: 'client', s: 'server' };

/** Operations of spans that match, the most frequent first. */
export async function findOperations(
  reader: Reader,
  range: SpanRange,
  condition: SpanCondition,
): Promise<readonly NamedOperation[]> {
  const rows = await reader.select<OperationRow>(operationsSql(range, condition, maxOperations));
  return rows.map((row) => {
    const operation = {
      protocol: row.protocol,
      requestType: row.request_type,
      requestDomain: row.request_domain,
      endpoint: row.endpoint,
    };
    const name = spanName({ ...operation, protocol: row.protocol as Protocol });
    return { ...operation, name, side: sides[row.side] ?? 'internal' };
  });
}

/** A condition of which SQL can be made, or what is wrong with it. */
export type ResolvedCondition =
  | { readonly kind: 'condition'; readonly condition: SpanCondition }
  | { readonly kind: 'problem'; readonly problem: string };

/** The condition with operations in place of names, if its patterns are patterns. */
export async function resolveCondition(
  reader: Reader,
  range: SpanRange,
  condition: SpanCondition,
): Promise<ResolvedCondition> {
  for (const pattern of patternsIn(condition))
    if (!(await isPattern(reader, pattern)))
      return { kind: 'problem', problem: `${JSON.stringify(pattern.slice(0, 100))} is no regular expression of RE2` };
  const tests = namesIn(condition);
  if (tests.length === 0) return { kind: 'condition', condition };
  const operations = await findOperations(reader, range, { kind: 'always', holds: true });
  const names = [...new Set(operations.map(({ name }) => name))];
  const passing = new Map<TextTest, ReadonlySet<string>>();
  for (const test of tests) passing.set(test, new Set(await passingNames(reader, names, test)));
  const replaced = replaceNames(condition, (test) => ({
    kind: 'operations',
    operations: distinct(operations.filter(({ name }) => passing.get(test)!.has(name))),
  }));
  return { kind: 'condition', condition: replaced };
}

/** Only the engine knows. */
async function isPattern(reader: Reader, pattern: string): Promise<boolean> {
  try {
    await reader.select(`SELECT match(materialize(''), ${stringLiteral(wholePattern(pattern))})`);
    return true;
  } catch (error) {
    if (hasCode(error, 'DESTINATION_REFUSED')) return false;
    throw error;
  }
}

function patternsIn(condition: SpanCondition): readonly string[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.terms.flatMap(patternsIn);
    case 'not':
      return patternsIn(condition.term);
    default:
      return 'test' in condition && condition.test.kind === 'matches' ? [condition.test.pattern] : [];
  }
}

/** Once each, whatever side they were seen on. */
function distinct(operations: readonly Operation[]): readonly Operation[] {
  const byText = new Map(
    operations.map(({ protocol, requestType, requestDomain, endpoint }) => {
      const operation = { protocol, requestType, requestDomain, endpoint };
      return [JSON.stringify(operation), operation] as const;
    }),
  );
  return [...byText.values()];
}

function namesIn(condition: SpanCondition): readonly TextTest[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.terms.flatMap(namesIn);
    case 'not':
      return namesIn(condition.term);
    case 'name':
      return [condition.test];
    default:
      return [];
  }
}

function replaceNames(condition: SpanCondition, replace: (test: TextTest) => SpanCondition): SpanCondition {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return { kind: condition.kind, terms: condition.terms.map((term) => replaceNames(term, replace)) };
    case 'not':
      return { kind: 'not', term: replaceNames(condition.term, replace) };
    case 'name':
      return replace(condition.test);
    default:
      return condition;
  }
}

async function passingNames(reader: Reader, names: readonly string[], test: TextTest): Promise<readonly string[]> {
  switch (test.kind) {
    case 'equal':
      return names.filter((name) => name === test.text);
    case 'present':
      return names;
    case 'matches': {
      // By the engine, whose patterns take linear time.
      const list = names.map(stringLiteral).join(', ');
      const rows = await reader.select<{ readonly name: string }>(
        `SELECT name FROM (SELECT arrayJoin(CAST([${list}] AS Array(String))) AS name) WHERE match(name, ${stringLiteral(wholePattern(test.pattern))})`,
      );
      return rows.map(({ name }) => name);
    }
  }
}
