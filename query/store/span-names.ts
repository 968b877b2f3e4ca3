/**
 * Names of what spans are tagged with, as of the start of each span. Spans of a trace have few resources between them, so names
 * are looked up once a resource, not once a span; the time matters only where a resource had several names or labels.
 */
import { integerLiteral } from '../../core/clickhouse/sql-literal.ts';
import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import { autoTags, tagColumn, tags } from '../../schemas/tags.ts';
import type { SideNames, SpanNames } from '../../schemas/trace-json.ts';
import type { Reader } from './read-limits.ts';

/** A row of spanRowsSql, as far as it says what has a name. */
export type TaggedRow = Readonly<Record<string, unknown>> & {
  readonly start_time_ns: string;
  readonly process_name: string;
  /** Values of serviceColumns, of trace-sql.ts. */
  readonly services: readonly number[];
};

/** Key of a resource in the dictionaries of resources. */
const keyOf = (kind: number, id: number): number => kind * 2 ** 32 + (id >>> 0);

interface AskedName {
  /** Key among the names of a side. */
  readonly name: string;
  readonly resourceKey: (row: TaggedRow) => number;
}

function askedOfSide(side: 'client' | 'server'): readonly AskedName[] {
  const tagged = tags.map(({ kind }) => {
    const column = `${side}_${tagColumn(kind)}`;
    return { name: kind, resourceKey: (row: TaggedRow) => resourceKey(resourceKindIndex[kind], row[column]) };
  });
  const autos = autoTags.map((auto) => ({
    name: auto,
    resourceKey: (row: TaggedRow) => resourceKey(row[`${side}_${auto}_type`], row[`${side}_${auto}_id`]),
  }));
  return [...tagged, ...autos];
}

/** 0 where there is none. */
const resourceKey = (kind: unknown, id: unknown): number => (id === 0 ? 0 : keyOf(kind as number, id as number));

const sides = { client: askedOfSide('client'), server: askedOfSide('server') };

/** Keys of service, service of the client and service of the server. */
const serviceKeys = ({ services }: TaggedRow): readonly [number, number, number] => [
  resourceKey(services[0], services[1]),
  resourceKey(services[2], services[3]),
  resourceKey(services[4], services[5]),
];

/** Names that are read: of a key, or of a key at a time where it changes. */
class Names {
  readonly #now: ReadonlyMap<number, { readonly name: string; readonly changes: number }>;
  readonly #then: ReadonlyMap<string, string>;

  constructor(
    now: ReadonlyMap<number, { readonly name: string; readonly changes: number }>,
    then: ReadonlyMap<string, string>,
  ) {
    this.#now = now;
    this.#then = then;
  }

  of(key: number, timeNs: string): string {
    const now = this.#now.get(key);
    if (now === undefined) return '';
    return now.changes === 0 ? now.name : (this.#then.get(`${key} ${timeNs}`) ?? '');
  }
}

/** Names of each of these spans, in their order. A side without a resource has the name of its process. */
export async function readSpanNames(reader: Reader, rows: readonly TaggedRow[]): Promise<readonly SpanNames[]> {
  const names = await readNames(reader, rows);
  const sideNames = (row: TaggedRow, side: 'client' | 'server'): SideNames => {
    const found: Record<string, string> = {};
    for (const { name, resourceKey: key } of sides[side]) {
      const text = names.of(key(row), row.start_time_ns);
      if (text !== '') found[name] = text;
    }
    return found;
  };
  return rows.map((row) => {
    const [service, client, server] = serviceKeys(row).map((key) => names.of(key, row.start_time_ns));
    return {
      serviceName: service! || row.process_name,
      clientServiceName: client!,
      serverServiceName: server!,
      clientNames: sideNames(row, 'client'),
      serverNames: sideNames(row, 'server'),
    };
  });
}

async function readNames(reader: Reader, rows: readonly TaggedRow[]): Promise<Names> {
  const keysOfRows = rows.map((row) => {
    const asked = [...sides.client, ...sides.server].map(({ resourceKey: key }) => key(row));
    return new Set([...serviceKeys(row), ...asked].filter((key) => key !== 0));
  });
  const keys = [...new Set(keysOfRows.flatMap((ofRow) => [...ofRow]))];
  if (keys.length === 0) return new Names(new Map(), new Map());
  const found = await reader.select<{ key: number; name: string; changes: number }>(namesNowSql(keys));
  const now = new Map(found.map((row) => [row.key, row]));
  const changing = new Set<string>();
  for (const [at, row] of rows.entries())
    for (const key of keysOfRows[at]!) if (now.get(key)?.changes === 1) changing.add(`${key} ${row.start_time_ns}`);
  const then = new Map<string, string>();
  const asked = [...changing];
  for (let start = 0; start < asked.length; start += maxTimes) {
    const part = asked.slice(start, start + maxTimes);
    const read = await reader.select<{ key: number; time_ns: string; name: string }>(namesThenSql(part));
    for (const { key, time_ns, name } of read) then.set(`${key} ${time_ns}`, name);
  }
  return new Names(now, then);
}

/** So that statements stay short. */
const maxTimes = 4_000;

function namesNowSql(keys: readonly number[]): string {
  return `SELECT key, dictGet('resource_now', 'name', key) AS name, dictGet('resource_now', 'changes', key) AS changes
    FROM (SELECT arrayJoin(CAST([${keys.map(integerLiteral).join(', ')}] AS Array(UInt64))) AS key)`;
}

/** @param asked keys and Unix times in nanoseconds */
function namesThenSql(asked: readonly string[]): string {
  const pairs = asked.map((text) => {
    const [key, timeNs] = text.split(' ');
    return `(${integerLiteral(Number(key))}, ${integerLiteral(BigInt(timeNs!))})`;
  });
  return `SELECT asked.1 AS key, toString(asked.2) AS time_ns,
      coalesce(resource_name(intDiv(asked.1, 4294967296), bitAnd(asked.1, 4294967295), fromUnixTimestamp64Nano(asked.2, 'UTC')), '') AS name
    FROM (SELECT arrayJoin(CAST([${pairs.join(', ')}] AS Array(Tuple(UInt64, Int64)))) AS asked)`;
}
