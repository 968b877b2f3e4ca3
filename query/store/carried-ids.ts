/**
 * Which trace a carried W3C trace id means. Anybody may send an id again, so several stored traces may carry it. It is the
 * public id of the one that carried it first, by start, then by stored id; the others go by the ids they are stored by.
 * Nothing is remembered for that: it follows from what is stored, whenever it is read.
 *
 * A stored id is never another trace's public id: former versions stored traces by the ids they carried.
 */
import { bytesLiteral, integerLiteral } from '../../core/clickhouse/sql-literal.ts';
import type { Reader } from './read-limits.ts';

/** Traces that carry one id, by the ids they are stored by. */
export interface Carriers {
  /** The trace that the id means. */
  readonly owner: string;
  /** Others that carry it, by start; some, where there are many. */
  readonly others: readonly string[];
}

/** What names a stored trace. */
interface StoredIds {
  readonly trace_id: string;
  readonly carried_trace_id: string;
}

interface CarriersRow {
  readonly carried_trace_id: string;
  readonly is_stored: number;
  readonly trace_ids: readonly string[];
}

/** Bound of the other carriers of an id in an answer. */
export const toldOthers = 20;

const listOf = (ids: readonly string[]): string => ids.map(bytesLiteral).join(', ');

/**
 * The carriers of each of these ids, the earliest first. The present version of a trace decides: the lookup also has what older versions of a
 * trace carried.
 */
function carriersSql(carriedIds: readonly string[]): string {
  const ids = listOf(carriedIds);
  return `SELECT lower(hex(carried)) AS carried_trace_id, toInt32(max(stored)) AS is_stored,
      arrayMap(carrier -> lower(hex(carrier.2)),
        groupArraySortedIf(${integerLiteral(toldOthers + 1)})((started, id), NOT stored)) AS trace_ids
    FROM (
      SELECT carried_trace_id AS carried, start_time AS started, trace_id AS id, false AS stored FROM trace_version FINAL
      WHERE trace_id IN (SELECT trace_id FROM trace_by_carried_id WHERE carried_trace_id IN (${ids}))
        AND carried_trace_id IN (${ids}) AND merged_into = toFixedString('', 16)
      UNION ALL
      SELECT trace_id AS carried, start_time AS started, trace_id AS id, true AS stored FROM trace_version WHERE trace_id IN (${ids}))
    GROUP BY carried`;
}

/** The carriers of those of these ids that any stored trace carries, or is stored by. */
export async function carriersOf(
  reader: Reader,
  carriedIds: readonly string[],
): Promise<ReadonlyMap<string, Carriers>> {
  const ids = [...new Set(carriedIds)].filter((id) => id !== '');
  if (ids.length === 0) return new Map();
  const rows = await reader.select<CarriersRow>(carriersSql(ids));
  return new Map(
    rows.map(({ carried_trace_id: carried, is_stored, trace_ids }) => {
      const owner = is_stored === 1 ? carried : trace_ids[0]!;
      return [carried, { owner, others: trace_ids.filter((id) => id !== owner).slice(0, toldOthers) }];
    }),
  );
}

/** The same of one id, out of the trace that is stored by it and those that carry it, by start. */
export function carriersAmong(id: string, rows: readonly StoredIds[]): Carriers {
  const ids = rows.map((row) => row.trace_id);
  const owner = ids.includes(id) ? id : ids[0]!;
  return { owner, others: ids.filter((other) => other !== owner).slice(0, toldOthers) };
}

/** The id by which people know a stored trace. */
export function publicId(ids: StoredIds, carriers: ReadonlyMap<string, Carriers>): string {
  return carriers.get(ids.carried_trace_id)?.owner === ids.trace_id ? ids.carried_trace_id : ids.trace_id;
}

/** Carried ids that begin with these hex digits, with the traces that ever carried them. */
export function formerCarriersSql(prefix: string, limit: number): string {
  const [low, high] = [prefix.padEnd(32, '0'), prefix.padEnd(32, 'f')];
  return `SELECT lower(hex(carried)) AS carried_trace_id, lower(hex(id)) AS trace_id FROM (
      SELECT carried_trace_id AS carried, argMin(trace_id, (start_time, trace_id)) AS id FROM trace_by_carried_id
      WHERE carried_trace_id >= ${bytesLiteral(low)} AND carried_trace_id <= ${bytesLiteral(high)}
      GROUP BY carried ORDER BY carried LIMIT ${integerLiteral(limit)})`;
}
