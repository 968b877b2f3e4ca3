import { integerLiteral, stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import { resourceKindSymbols } from '../../schemas/generated/resource.ts';
import type { Reader } from './read-limits.ts';

/** A resource by the number of its kind, and its id; both 0 where it is not known. */
export interface ResourceReference {
  readonly type: number;
  readonly id: number;
}

/** What a list says of a resource. */
export interface ResourceFacts {
  readonly name: string;
  readonly kind: string;
  /** Name of its namespace; empty outside of a cluster. */
  readonly namespace: string;
  /** Outside of what is observed: of the internet, an address, or not known. */
  readonly isOutside: boolean;
}

const outsideKinds: ReadonlySet<string> = new Set(['unknown', 'internet', 'address']);

/** `<kind>:<id>`. */
export const resourceText = ({ type, id }: ResourceReference): string => `${kindOf(type)}:${id}`;

const kindOf = (type: number): string => resourceKindSymbols[type] ?? 'unknown';

/** Kinds and ids of all resources that ever had this name, as a subquery. */
export const namedSql = (name: string): string =>
  `(SELECT toInt32(kind), id FROM resource FINAL WHERE name = ${stringLiteral(name)})`;

/** Facts of these resources as they are now, by {@link resourceText}. */
export async function resourceFacts(
  reader: Reader,
  references: readonly ResourceReference[],
): Promise<ReadonlyMap<string, ResourceFacts>> {
  const facts = new Map<string, ResourceFacts>();
  for (const reference of references) {
    const kind = kindOf(reference.type);
    const name = reference.id === 0 ? 'unknown' : resourceText(reference);
    facts.set(resourceText(reference), { name, kind, namespace: '', isOutside: outsideKinds.has(kind) });
  }
  const known = references.filter(({ type, id }) => id !== 0 && type > 0 && type < resourceKindSymbols.length);
  if (known.length === 0) return facts;
  const keys = known.map(({ type, id }) => `(${stringLiteral(kindOf(type))}, ${integerLiteral(id)})`);
  const rows = await reader.select<{ kind: string; id: number; latest_name: string; namespace: string }>(
    `SELECT kind, id, argMax(name, valid_from) AS latest_name,
       dictGet('resource_now', 'name', resource_key(9, argMax(
         if(kind = 'namespace', id, arrayFirst(parent -> parent.1 = 'namespace', parents).2), valid_from))) AS namespace
     FROM resource FINAL WHERE (kind, id) IN (${[...new Set(keys)].join(', ')}) GROUP BY kind, id`,
  );
  for (const { kind, id, latest_name: name, namespace } of rows) {
    const key = `${kind}:${id}`;
    facts.set(key, { name: name || key, kind, namespace, isOutside: outsideKinds.has(kind) });
  }
  return facts;
}
