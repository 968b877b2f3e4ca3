/** Query strings of the API: a filter, which becomes SQL with every value quoted, or what is wrong with it. */
import { candidateSql } from '../../query/store/trace-list-sql.ts';
import { parseTraceFilter, traceFilterParameters } from '../../query/api/trace-filter-parameters.ts';
import { hold, type Target } from '../target.ts';

/** What is left of a statement without its literals; these hold any text, with quotes and backslashes escaped. */
const literals = /'(?:[^'\\]|\\[^])*'/g;
/** All that the statements themselves are made of. */
const outside = /^[\w\s(),.=<>!*+\-/[\]{}]*$/;

export const parameters: Target = {
  seeds: () =>
    Promise.resolve(
      [
        'service=cart&limit=5',
        'endpoint=/a/{id}&protocol=http1&status=error&sort=slowest',
        'min_duration=1ms&max_duration=2s&from=2026-01-31T12:00:00Z&to=1769860800000',
        `where=client.pod = 'cart-1' and not (label('app') ~ 'c.*' or server.namespace in (a, "b"))`,
        `where=pod like '%25a' and annotation(x) != y or environment("z") !~ '^$'`,
      ].map((text) => Buffer.from(text)),
    ),
  dictionary: [
    ...['service=', 'where=', 'limit=', 'from=', '&', '%00', '%27', "'", '"', '\\', '--', '/*', ' or ', ' and ', '('],
    ...[')', ' in (', ' not ', 'label(', 'client.', '~', '1e309', '9'.repeat(19), '-1', ' union select ', '$(', '\n'],
  ],
  run(input) {
    const parsed = parseTraceFilter(new URLSearchParams(input.toString('utf8')));
    if (parsed.kind === 'problems') {
      hold(parsed.problems.length > 0, 'a refusal says why');
      return;
    }
    const sql = candidateSql(parsed.filter, 100);
    const bare = sql.replaceAll(literals, '');
    hold(outside.test(bare), `every value is quoted: ${bare}`);
    const again = parseTraceFilter(traceFilterParameters(parsed.filter));
    hold(again.kind === 'filter', 'what a filter is written as can be read');
  },
};
