/** Query strings of the API: a filter, which becomes SQL with every value quoted, or what is wrong with it. */
import { recentSpanIdsSql, spanListSql } from '../../query/store/span-list-sql.ts';
import { candidateSql } from '../../query/store/trace-list-sql.ts';
import { filterOf } from '../../query/api/filter-parameters.ts';
import { listTraces } from '../../query/api/routes/list-traces.ts';
import { readParameters } from '../../query/http/read-parameters.ts';
import { writeParameters } from '../../query/http/write-parameters.ts';
import { hold, type Target } from '../target.ts';

const range = { fromNs: 0n, toNs: 10n ** 18n };
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
        'sort=slowest&cursor=12000000-0a6f6b3f77b34da6a3ce929d0e0e4736',
        `where=endpoint like '/a%25' and (response_code >= 500 or duration < 1.5ms) and not seen_service ~ cart and is_error=true`,
        `where=pod like '%25a' and annotation(x) != y or environment("z") !~ '^$'`,
      ].map((text) => Buffer.from(text)),
    ),
  dictionary: [
    ...['service=', 'where=', 'limit=', 'from=', '&', '%00', '%27', "'", '"', '\\', '--', '/*', ' or ', ' and ', '('],
    ...[')', ' in (', ' not ', 'label(', 'client.', '~', '1e309', '9'.repeat(19), '-1', ' union select ', '$(', '\n'],
  ],
  run(input) {
    const read = readParameters(listTraces, {}, new URLSearchParams(input.toString('utf8')));
    if (read.kind === 'problems') {
      hold(read.problems.length > 0, 'a refusal says why');
      return;
    }
    const { query } = read.request;
    const { sort, limit, cursor } = query;
    const filter = { ...filterOf(query), sort, limit, ...(cursor === undefined ? {} : { after: cursor }) };
    const spans = { ...filter, onlyCalls: true };
    const statements = [
      candidateSql({ filter, range, spans: range, after: filter.after }, 100),
      spanListSql(spans),
      recentSpanIdsSql(spans),
    ];
    for (const sql of statements) {
      const bare = sql.replaceAll(literals, '');
      hold(outside.test(bare), `every value is quoted: ${bare}`);
    }
    const written = writeParameters(listTraces, read.request);
    if (written.kind === 'problems') throw new Error(`what was read can be written: ${written.problems.join('; ')}`);
    const search = written.path.slice(written.path.indexOf('?') + 1);
    const again = readParameters(listTraces, {}, new URLSearchParams(search));
    hold(again.kind === 'request', 'what a filter is written as can be read');
  },
};
