import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import { type Expression, fieldText } from './expression.ts';
import { parseField, parseWhere } from './parse-where.ts';
import { whereSql } from './where-sql.ts';

function parsed(text: string): Expression {
  const result = parseWhere(text);
  if (result.kind === 'problem') throw new Error(result.problem);
  return result.where.expression;
}
function problem(text: string): string {
  const result = parseWhere(text);
  return result.kind === 'problem' ? result.problem : 'none';
}
const tag = (tagName: string, value: string, side?: string): object => ({
  kind: 'test',
  field: { kind: 'tag', side, tag: tagName },
  test: { kind: 'one_of', values: [value] },
});

/** Literals of SQL taken out: what is left must be ours. */
const withoutLiterals = (sql: string): string => sql.replaceAll(/'(?:[^'\\]|\\.)*'/gs, '?');
const ours =
  /^(?:[()?,<>!0 ]|\[\?\]|NOT|AND|OR|IN|LIKE|SELECT|FROM|FINAL|WHERE|resource(?:_label|_annotation|_environment)?|id|kind|name|endpoint|status|protocol|request_type|response_code|duration_ns|observation_point|process_name|service_type|service_id|true|false|labels|annotations|environment|start_time|coalesce|nullIf|toInt32|positionCaseInsensitiveUTF8|(?:client|server)_[a-z_]+|=|\d+)*$/;

describe('a condition', () => {
  it('binds "not" before "and" before "or", with parentheses against it', () => {
    expect(parsed("client.pod = 'x' or not namespace = b and node != c")).toEqual({
      kind: 'or',
      terms: [
        tag('pod', 'x', 'client'),
        {
          kind: 'and',
          terms: [
            { kind: 'not', term: tag('namespace', 'b') },
            { kind: 'not', term: tag('node', 'c') },
          ],
        },
      ],
    });
    expect(parsed('(pod = a OR pod = b) AND zone = c')).toMatchObject({ kind: 'and', terms: [{ kind: 'or' }, {}] });
  });

  it('reads values with and without quotes, lists, patterns, keys', () => {
    expect(parsed(`server.label("app.kubernetes.io/name") in ('a', "it's", 'it\\'s', b-1)`)).toEqual({
      kind: 'test',
      field: { kind: 'text', side: 'server', map: 'label', key: 'app.kubernetes.io/name' },
      test: { kind: 'one_of', values: ['a', "it's", "it's", 'b-1'] },
    });
    expect(parsed('annotation(owner) ~ neil')).toMatchObject({ test: { kind: 'contains', text: 'neil' } });
    expect(parsed("environment('A') not like 'a%'")).toMatchObject({ kind: 'not', term: { test: { pattern: 'a%' } } });
    expect(parsed('client.auto_service not in (x)')).toMatchObject({ kind: 'not' });
  });

  it('compares what the span itself has; numbers and durations by their order', () => {
    expect(parsed("endpoint like '/api/%' and response_code >= 500 and duration < 1.5ms")).toEqual({
      kind: 'and',
      terms: [
        { kind: 'test', field: { kind: 'span', name: 'endpoint' }, test: { kind: 'like', pattern: '/api/%' } },
        {
          kind: 'test',
          field: { kind: 'span', name: 'response_code' },
          test: { kind: 'compare', order: '>=', value: 500 },
        },
        {
          kind: 'test',
          field: { kind: 'span', name: 'duration' },
          test: { kind: 'compare', order: '<', value: 1_500_000 },
        },
      ],
    });
    expect(parsed('response_code not in (200, 404)')).toMatchObject({ kind: 'not' });
    for (const [text, part] of [
      ['status = bad', 'at character 10: status is one of unknown, ok, '],
      ['is_error = 1', 'is_error is one of true, false, not "1"'],
      ['response_code = x', 'response_code is a whole number, not "x"'],
      ['response_code ~ 4', 'one of = != < <= > >= in was expected, not "~"'],
      ['response_code > 1e9', 'response_code is a whole number'],
      ['duration = 5ms', 'one of < <= > >= was expected'],
      ['duration > long', 'a duration such as 250ms, 1.5s or 1h was expected'],
      ['client.endpoint = x', 'at character 1: a tag'],
      ['endpoint > 3', 'one of = != ~ !~ in like was expected'],
    ] as const)
      expect(problem(text)).toContain(part);
  });

  it('of words of a closed list is decided before the database is asked', () => {
    const sql = (text: string): string => whereSql(parsed(text));
    expect(sql("protocol like '%sql'")).toBe("(protocol IN ('mysql', 'postgresql'))");
    expect(sql("protocol like 'x%'")).toBe('false');
    expect(sql('protocol ~ HTTP')).toBe("(protocol IN ('http1'))");
    expect(sql('is_error = true')).toBe("(status IN ('client_error', 'server_error', 'timeout', 'closed'))");
    expect(sql('is_error in (true, false)')).toBe('true');
    expect(sql(`status like '${'%_'.repeat(400)}'`)).toBe('false');
    expect(sql("response_code in (200, '-1')")).toBe('(response_code IN (200, -1))');
  });

  it('has fields that are written as they are read', () => {
    for (const text of ['endpoint', 'client.pod', "server.label('it\\'s')", "annotation('a b')"]) {
      const read = parseField(text);
      expect(read.kind === 'field' ? fieldText(read.field) : read.problem).toBe(text);
    }
    expect(parseField('pod = x')).toMatchObject({ kind: 'problem' });
  });

  it('that is none is told where and why', () => {
    expect(problem("client.pod = 'x' and")).toMatch(/^at character 21: a tag .* was expected, not the end$/);
    expect(problem("client.pot = 'x'")).toMatch(/^at character 1: a tag \(region, .* was expected, not "client.pot"$/);
    expect(problem("pod = 'x")).toBe("at character 7: the text that begins here has no closing '");
    expect(problem('pod ; drop')).toBe('at character 5: ";" means nothing here');
    expect(problem('pod > 3')).toBe('at character 5: one of = != ~ !~ in like was expected, not ">"');
    expect(problem("pod = 'x' pod = 'y'")).toMatch(/^at character 11: "and", "or" or the end was expected/);
    expect(problem("label('a' = 'x'")).toBe('at character 11: ")" was expected, not "="');
    expect(problem("pod like 'a\\\\'")).toBe('at character 10: a pattern must not end with a backslash');
    expect(problem('')).toMatch(/^at character 1/);
  });

  it('is bounded', () => {
    expect(problem(`pod = ${'x'.repeat(2000)}`)).toBe('it must have at most 2000 characters');
    expect(problem(`${'('.repeat(500)}pod = a${')'.repeat(500)}`)).toMatch(/is nested too deeply$/);
    expect(problem(`${'not '.repeat(400)}pod = a`)).toMatch(/is nested too deeply$/);
    expect(problem(Array.from({ length: 25 }, () => 'pod = a').join(' or '))).toMatch(/more than 24 comparisons$/);
  });

  it('of whatever text is SQL of ours with literals, or a problem', () => {
    const pieces = fc.constantFrom(
      ...['and', 'or', 'not', 'in', 'like', '(', ')', ',', '=', '!=', '~', 'pod', 'client.', 'server.workload'],
      ...['endpoint', 'seen_service', 'status', 'response_code', 'duration', '<', '>=', '5ms', '200'],
      ...[
        'label',
        "'",
        '"',
        '\\',
        "\\'",
        "'); DROP TABLE spans; --",
        '/*',
        '*/',
        "label('app')",
        "'x'",
        '\0',
        '$$',
        '`',
      ],
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.oneof(pieces, fc.string({ maxLength: 3 })), { maxLength: 12 }).map((parts) => parts.join(' ')),
      fc
        .string({ unit: 'binary' })
        .map((value) => `pod = ${stringLiteral(value)} and label(${stringLiteral(value)}) ~ 'a'`),
    );
    let accepted = 0;
    fc.assert(
      fc.property(text, (source) => {
        const result = parseWhere(source);
        if (result.kind === 'problem') expect(result.problem).toMatch(/^at character \d+: |^must have at most/);
        else {
          accepted++;
          expect(withoutLiterals(whereSql(result.where.expression))).toMatch(ours);
        }
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(0);
  });
});
