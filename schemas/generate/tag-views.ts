import { autoTags, labelledKinds, tagColumn, tags } from '../tags.ts';
import { definitions } from './model.ts';

const sides = ['client', 'server'] as const;
const maps = ['label', 'annotation', 'environment'] as const;

/** The number of a kind, by which dictionaries know it. */
function numberOf(kind: string): number {
  const number = definitions.get('ResourceKind')!.symbols!.indexOf(kind);
  if (number < 1) throw new Error(`${kind} is no ResourceKind`);
  return number;
}

/** SQL of what follows from the tags of a side: the view with their names, and the functions that look for texts on them. */
export function tagViews(): string {
  const parts = [
    '-- Generated from schemas/tags.ts by `npm run generate`. Do not edit.',
    spansNamed(),
    '-- Of one side of a span of spans_named, client or server: the nearest resource that has it.',
    ...maps.map(textFunction),
    '-- As ids: what passes is known before a span is read; the label is checked as of the event. Arguments must not be called\n-- like columns of resource.',
    hasLabel(),
  ];
  return `${parts.join('\n\n')}\n`;
}

function spansNamed(): string {
  const key = 'bitOr(bitShiftLeft(toUInt64(kind), 32), toUInt64(toUInt32(id)))';
  const names = sides.flatMap((side) => [
    ...tags.map(({ kind }) => nameColumn(String(numberOf(kind)), `${side}_${tagColumn(kind)}`, `${side}_${kind}`)),
    ...autoTags.map((auto) => nameColumn(`${side}_${auto}_type`, `${side}_${auto}_id`, `${side}_${auto}`)),
  ]);
  return `-- Spans with the names of their tags as of the event, and with client and server as label(key, side) takes them. A
-- condition on a name reads the column of its ids and start_time only.
CREATE OR REPLACE VIEW spans_named AS
WITH
  (kind, id, time) -> if(dictGet('{{database}}.resource_now', 'changes', ${key}) = 1
      AND dictHas('{{database}}.resource_at', ${key}, time),
    dictGet('{{database}}.resource_at', 'name', ${key}, time),
    dictGet('{{database}}.resource_now', 'name', ${key})) AS name_of
SELECT
  *,
  name_of(service_type, service_id, start_time) AS seen_service,
${[...names, ...sides.map(sideTuple)].map((column) => `  ${column}`).join(',\n')}
FROM spans FINAL;`;
}

function nameColumn(kind: string, id: string, name: string): string {
  return `name_of(${kind}, ${id}, start_time) AS ${name}`;
}

function sideTuple(side: string): string {
  const ids = labelledKinds.map((kind) => `${side}_${tagColumn(kind)}`);
  const types = labelledKinds.map((kind) => `${kind} Int32`);
  return `CAST((start_time, ${ids.join(', ')}), 'Tuple(time DateTime64(9, \\'UTC\\'), ${types.join(', ')})') AS ${side}`;
}

function textFunction(map: string): string {
  const texts = labelledKinds.map(
    (kind) => `nullIf(resource_${map}(name, ${numberOf(kind)}, side.${kind}, side.time), '')`,
  );
  return `CREATE OR REPLACE FUNCTION ${map} AS (name, side) ->\n  coalesce(${texts.join(',\n    ')},\n    '');`;
}

function hasLabel(): string {
  const ids = labelledKinds.map(
    (kind) =>
      `side.${kind} IN (SELECT id FROM resource FINAL WHERE kind = '${kind}' AND labels[wanted_key] = wanted_text)`,
  );
  return `CREATE OR REPLACE FUNCTION has_label AS (wanted_key, wanted_text, side) ->\n  (${ids.join('\n      OR ')})\n    AND label(wanted_key, side) = wanted_text;`;
}
