/** Queries in TraceQL, and tags: a condition, which becomes SQL with every value quoted, or what is wrong with them. */
import type { SpanCondition } from '../../query/opentelemetry/span-condition.ts';
import { spanConditionSql } from '../../query/store/span-condition-sql.ts';
import { tagsQuery } from '../../query/tempo/tags-query.ts';
import { readTraceql } from '../../query/tempo/traceql-condition.ts';
import { hold, type Target } from '../target.ts';

/** What is left of a statement without its literals; these hold any text, with quotes and backslashes escaped. */
const literals = /'(?:[^'\\]|\\[^])*'/g;
/** All that the statements themselves are made of. */
const outside = /^[\w\s(),.=<>!*+\-/[\]{}]*$/;

export const traceql: Target = {
  seeds: () =>
    Promise.resolve(
      [
        '{ resource.service.name = "cart" && span.http.response.status_code >= 500 && duration > 10ms }',
        '{ name =~ "GET.*" || !(status = error) && kind = server } || { .k8s.pod.name != nil }',
        '{ traceDuration >= 1h30m && span."db.namespace" !~ `a.*` } with (most_recent=true)',
        'service.name=cart error=true name="GET /a b"',
      ].map((text) => Buffer.from(text)),
    ),
  dictionary: [
    ...['{', '}', '(', ')', '&&', '||', '!', '=~', '!~', '>=', '"', '`', '\\', "'", '--', '/*', '|', '>>', ' with ('],
    ...['nil', 'true', 'status', 'error', 'kind', 'duration', '10ms', '1e309', '-1', 'resource.', 'span.', '.', '\0'],
  ],
  run(input) {
    const text = input.toString('utf8');
    for (const query of [text, tagsQuery(text)]) {
      if (query === undefined) continue;
      const read = readTraceql(query);
      if (read.kind === 'problem') {
        hold(read.problem.length > 0, 'a refusal says why');
        continue;
      }
      const bare = spanConditionSql(withoutNames(read.condition)).replaceAll(literals, '');
      hold(outside.test(bare), `every value is quoted: ${bare}`);
    }
  },
};

/** Names are looked up in the database before. */
function withoutNames(condition: SpanCondition): SpanCondition {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return { kind: condition.kind, terms: condition.terms.map(withoutNames) };
    case 'not':
      return { kind: 'not', term: withoutNames(condition.term) };
    case 'name': {
      const endpoint = condition.test.kind === 'equal' ? condition.test.text : 'any';
      return {
        kind: 'operations',
        operations: [{ protocol: 'http1', requestType: 'GET', requestDomain: '', endpoint }],
      };
    }
    default:
      return condition;
  }
}
