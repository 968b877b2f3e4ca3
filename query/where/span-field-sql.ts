/** A condition on the span itself to SQL on columns of table spans. Words of a closed list are tested here, not for each row. */
import { integerLiteral, stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import { errorStatuses } from './error-statuses.ts';
import { passesEmpty, type SpanFieldName, spanFields, type Test } from './expression.ts';
import { matchesLike } from './matches-like.ts';
import { testSql } from './test-sql.ts';

/** A condition for WHERE. */
export function spanFieldSql(name: SpanFieldName, test: Test): string {
  switch (name) {
    case 'protocol':
    case 'status':
      return oneOf(
        name,
        spanFields[name].filter((symbol) => passes(symbol, test)),
      );
    case 'is_error': {
      const values = spanFields.is_error.filter((symbol) => passes(symbol, test));
      if (values.length !== 1) return values.length === 0 ? 'false' : 'true';
      const isError = oneOf('status', errorStatuses);
      return values[0] === 'true' ? isError : `(NOT ${isError})`;
    }
    case 'response_code':
      return test.kind === 'one_of'
        ? `(response_code IN (${test.values.map((value) => integerLiteral(Number(value))).join(', ')}))`
        : testSql('response_code', test);
    case 'duration':
      return testSql('duration_ns', test);
    case 'seen_service':
      return seenServiceSql(test);
    default:
      return testSql(name, test);
  }
}

const oneOf = (column: string, values: readonly string[]): string =>
  values.length === 0 ? 'false' : `(${column} IN (${values.map(stringLiteral).join(', ')}))`;

/** A side without a resource has the name of its process. */
function seenServiceSql(test: Test): string {
  const ids = 'SELECT toInt32(kind), id FROM resource FINAL WHERE';
  const named = passesEmpty(test)
    ? `(service_type, service_id) NOT IN (${ids} NOT ${testSql('name', test)})`
    : `(service_type, service_id) IN (${ids} ${testSql('name', test)})`;
  return `((service_id != 0 AND ${named}) OR (service_id = 0 AND ${testSql('process_name', test)}))`;
}

function passes(symbol: string, test: Test): boolean {
  switch (test.kind) {
    case 'one_of':
      return test.values.includes(symbol);
    case 'like':
      return matchesLike(symbol, test.pattern);
    case 'contains':
      return symbol.includes(test.text.toLowerCase());
    case 'compare':
      return false;
  }
}
