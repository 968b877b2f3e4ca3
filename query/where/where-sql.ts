/**
 * A condition to SQL on the integer columns of table spans. Names become ids: every id that ever had the name. Texts
 * under keys become ids in the same way, and what is left is checked as of the event, with the resource that is nearest.
 */
import { integerLiteral, stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import { labelledKinds, tagColumn, type TagKind } from '../../schemas/tags.ts';
import { attributeSql } from './attribute-sql.ts';
import {
  type Expression,
  type Field,
  type MapName,
  passesEmpty,
  type SideName,
  type TagName,
  type Test,
} from './expression.ts';
import { spanFieldSql } from './span-field-sql.ts';
import { testSql } from './test-sql.ts';

/** Columns of table resource. */
export const mapColumns: Readonly<Record<MapName, string>> = {
  label: 'labels',
  annotation: 'annotations',
  environment: 'environment',
};

/**
 * A condition for WHERE. Nothing of the text gets into it but literals.
 *
 * @param since SQL condition on start_time that all spans fulfil that are asked for
 */
export function whereSql(expression: Expression, since = 'true'): string {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return `(${expression.terms.map((term) => whereSql(term, since)).join(expression.kind === 'and' ? ' AND ' : ' OR ')})`;
    case 'not':
      return `NOT ${whereSql(expression.term, since)}`;
    case 'test': {
      const { field, test } = expression;
      if (field.kind === 'span') return spanFieldSql(field.name, test);
      if (field.kind === 'attribute') return attributeSql(field.key, test, since);
      const sides: readonly SideName[] = field.side === undefined ? ['client', 'server'] : [field.side];
      return `(${sides.map((side) => sideSql(side, field, test)).join(' OR ')})`;
    }
  }
}

function sideSql(side: SideName, field: Exclude<Field, { kind: 'span' | 'attribute' }>, test: Test): string {
  return field.kind === 'tag' ? tagSql(side, field.tag, test) : textSql(side, field, test);
}

function tagSql(side: SideName, tag: TagName, test: Test): string {
  const isAuto = tag === 'auto_instance' || tag === 'auto_service';
  const column = isAuto ? `(${side}_${tag}_type, ${side}_${tag}_id)` : idColumn(side, tag);
  const ids = isAuto ? 'toInt32(kind), id' : 'id';
  const ofKind = isAuto ? '' : `kind = ${stringLiteral(tag)} AND `;
  // A missing resource has an empty name, so it satisfies what an empty name satisfies.
  return passesEmpty(test)
    ? `${column} NOT IN (SELECT ${ids} FROM resource FINAL WHERE ${ofKind}NOT ${testSql('name', test)})`
    : `${column} IN (SELECT ${ids} FROM resource FINAL WHERE ${ofKind}${testSql('name', test)})`;
}

function textSql(side: SideName, { map, key, kinds = labelledKinds }: Field & { kind: 'text' }, test: Test): string {
  if (kinds.length === 0) return passesEmpty(test) ? '(1 = 1)' : '(1 = 0)';
  const literal = stringLiteral(key);
  const texts = kinds.map(
    (kind) =>
      `nullIf(resource_${map}(${literal}, ${integerLiteral(resourceKindIndex[kind])}, ${idColumn(side, kind)}, start_time), '')`,
  );
  const asOfEvent = testSql(`coalesce(${texts.join(', ')}, '')`, test);
  if (passesEmpty(test)) return asOfEvent;
  const stored = `${mapColumns[map]}[${literal}]`;
  const candidates = kinds.map(
    (kind) =>
      `${idColumn(side, kind)} IN (SELECT id FROM resource FINAL WHERE kind = ${stringLiteral(kind)} AND ${testSql(stored, test)})`,
  );
  return `((${candidates.join(' OR ')}) AND ${asOfEvent})`;
}

const idColumn = (side: SideName, kind: TagKind): string => `${side}_${tagColumn(kind)}`;
