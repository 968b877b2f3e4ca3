import { integerLiteral } from '../../core/clickhouse/sql-literal.ts';
import { fieldText, type MapName, mapNames, spanFieldNames, tagNames } from '../where/expression.ts';
import { mapColumns } from '../where/where-sql.ts';
import type { Reader } from './read-limits.ts';

/** Keys of one map that are listed: those that most resources have. */
const maxKeys = 1_000;

/** What a condition may ask for. */
export interface Fields {
  readonly fields: readonly { readonly field: string; readonly kind: 'span' | 'tag' | MapName }[];
  /** There are more keys than are listed. */
  readonly is_truncated: boolean;
}

/** Everything that `where` takes, with the keys that resources have. */
export async function readFields(reader: Reader): Promise<Fields> {
  const keys = [];
  for (const map of mapNames) keys.push(...(await keysOf(reader, map)));
  const sides = [undefined, 'client', 'server'] as const;
  const tags = tagNames.flatMap((tag) => sides.map((side) => fieldText({ kind: 'tag', side, tag })));
  return {
    fields: [
      ...spanFieldNames.map((field) => ({ field, kind: 'span' as const })),
      ...tags.map((field) => ({ field, kind: 'tag' as const })),
      ...keys
        .filter(({ at }) => at < maxKeys)
        .map(({ map, key }) => ({ field: fieldText({ kind: 'text', side: undefined, map, key }), kind: map })),
    ],
    is_truncated: keys.some(({ at }) => at >= maxKeys),
  };
}

async function keysOf(reader: Reader, map: MapName): Promise<{ map: MapName; key: string; at: number }[]> {
  const rows = await reader.select<{ key: string }>(
    `SELECT key FROM (SELECT arrayJoin(mapKeys(${mapColumns[map]})) AS key FROM resource)
     GROUP BY key ORDER BY count() DESC, key LIMIT ${integerLiteral(maxKeys + 1)}`,
  );
  return rows.map(({ key }, at) => ({ map, key, at }));
}
