import { integerLiteral, stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import type { Test } from './expression.ts';

/** A test of what an expression of SQL gives: a text, or a number for what has an order. */
export function testSql(sql: string, test: Test): string {
  switch (test.kind) {
    case 'one_of':
      return `(${sql} IN (${test.values.map(stringLiteral).join(', ')}))`;
    case 'like':
      return `(${sql} LIKE ${stringLiteral(test.pattern)})`;
    case 'contains':
      return `(positionCaseInsensitiveUTF8(${sql}, ${stringLiteral(test.text)}) > 0)`;
    case 'compare':
      return `(${sql} ${test.order} ${integerLiteral(test.value)})`;
  }
}
