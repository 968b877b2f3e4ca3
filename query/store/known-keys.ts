/**
 * Which kinds of resources have a key at all. A condition on `label(team)` holds of the nearest resource of a side that has the
 * label; of nine kinds that may have labels, one or two have this one, and the others need not be looked up for each span.
 */
import { stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import { labelledKinds, type TagKind } from '../../schemas/tags.ts';
import type { Expression, Field } from '../where/expression.ts';
import { mapColumns } from '../where/where-sql.ts';
import type { Reader } from './read-limits.ts';
import type { SpanFilter } from './trace-store.ts';

type TextField = Extract<Field, { readonly kind: 'text' }>;

/** The same filter, of which each text under a key says the kinds of resources that have, or ever had, that key. */
export async function withKnownKeys<Filter extends SpanFilter>(reader: Reader, filter: Filter): Promise<Filter> {
  const { where } = filter;
  if (where === undefined) return filter;
  const fields = new Map(textFields(where.expression).map((field) => [keyText(field), field]));
  if (fields.size === 0) return filter;
  const statements = [...fields].map(
    ([text, { map, key }]) =>
      `SELECT DISTINCT ${stringLiteral(text)} AS field, toString(kind) AS kind FROM resource WHERE ${mapColumns[map]}[${stringLiteral(key)}] != ''`,
  );
  const rows = await reader.select<{ field: string; kind: string }>(statements.join(' UNION ALL '));
  const kinds = new Map([...fields.keys()].map((text) => [text, new Set<string>()]));
  for (const { field, kind } of rows) kinds.get(field)!.add(kind);
  const kindsOf = (field: TextField): readonly TagKind[] =>
    labelledKinds.filter((kind) => kinds.get(keyText(field))!.has(kind));
  return { ...filter, where: { ...where, expression: withKinds(where.expression, kindsOf) } };
}

const keyText = ({ map, key }: TextField): string => `${map} ${key}`;

function textFields(expression: Expression): readonly TextField[] {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return expression.terms.flatMap(textFields);
    case 'not':
      return textFields(expression.term);
    case 'test':
      return expression.field.kind === 'text' ? [expression.field] : [];
  }
}

function withKinds(expression: Expression, kindsOf: (field: TextField) => readonly TagKind[]): Expression {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return { ...expression, terms: expression.terms.map((term) => withKinds(term, kindsOf)) };
    case 'not':
      return { ...expression, term: withKinds(expression.term, kindsOf) };
    case 'test': {
      const { field } = expression;
      return field.kind === 'text' ? { ...expression, field: { ...field, kinds: kindsOf(field) } } : expression;
    }
  }
}
