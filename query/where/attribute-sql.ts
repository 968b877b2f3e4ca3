/** A condition on what applications reported to SQL: spans by their key, found in table reported_span by its indexes of keys and values. */
import { stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import { passesEmpty, type Test } from './expression.ts';
import { testSql } from './test-sql.ts';

/**
 * A condition for WHERE: an attribute of the span, or of its resource, passes. What has none of that key has the empty text.
 *
 * @param since SQL condition on start_time that bounds which reported spans are looked at
 */
export function attributeSql(key: string, test: Test, since: string): string {
  const among = (condition: string): string =>
    `(SELECT start_time, span_id FROM reported_span WHERE ${since} AND (${condition}))`;
  const literal = stringLiteral(key);
  const maps = ['attributes', 'resource_attributes'];
  if (!passesEmpty(test)) {
    const passing = maps.map((map) => `(mapContains(${map}, ${literal}) AND ${valueSql(`${map}[${literal}]`, test)})`);
    return `((start_time, span_id) IN ${among(passing.join(' OR '))})`;
  }
  const has = maps.map((map) => `mapContains(${map}, ${literal})`).join(' OR ');
  const passes = maps.map((map) => `(mapContains(${map}, ${literal}) AND ${valueSql(`${map}[${literal}]`, test)})`);
  return `((start_time, span_id) NOT IN ${among(`(${has}) AND NOT (${passes.join(' OR ')})`)})`;
}

/** Numbers are compared as such; a text that is none passes no order. */
function valueSql(sql: string, test: Test): string {
  if (test.kind !== 'compare') return testSql(sql, test);
  return `(ifNull(toFloat64OrNull(${sql}) ${test.order} toFloat64(${stringLiteral(String(test.value))}), false))`;
}
