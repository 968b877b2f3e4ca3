/**
 * How long rows are kept: a TTL on each table that has an expiry, set when a sink starts. Where all rows expire, whole parts
 * go, a day each; elsewhere rows go when parts merge. Resources stay: spans of any age name them.
 */
import type { ClickHouse } from '../core/clickhouse/clickhouse.ts';
import { integerLiteral, stringLiteral } from '../core/clickhouse/sql-literal.ts';
import { minuteSummaries } from './minutes/minute-summary.ts';
import { tables } from './tables/tables.ts';

/** A table whose rows are removed some time after the time in a column of theirs. */
interface Expiring {
  readonly table: string;
  readonly column: string;
  /** SQL condition on the rows that expire; undefined for all. */
  readonly onlyWhere?: string;
  /** All rows of a part expire on one day, so that parts go as a whole. */
  readonly dropsParts: boolean;
}

const expiring: readonly Expiring[] = [
  ...tables.flatMap(({ name: table, expiry }) =>
    expiry === undefined
      ? []
      : [{ column: 'start_time', ...expiry, table, dropsParts: expiry.onlyWhere === undefined }],
  ),
  ...minuteSummaries.map(({ name }) => ({ table: `${name}_sum`, column: 'minute', dropsParts: true })),
  { table: 'summed_minute', column: 'minute', dropsParts: false },
  { table: 'trace_by_time', column: 'start_time', dropsParts: true },
  // As of table trace: the version by which a trace was merged into another stays.
  { table: 'trace_version', column: 'start_time', onlyWhere: "merged_into = toFixedString('', 16)", dropsParts: false },
  { table: 'operation', column: 'hour', dropsParts: true },
  { table: 'trace_by_carried_id', column: 'start_time', dropsParts: false },
];

/** What a table removes now, in seconds; undefined when nothing, and NaN when by an expression that is not ours any more. */
async function currentSeconds(clickHouse: ClickHouse, table: string): Promise<number | undefined> {
  const [row] = await clickHouse.select<{ engine: string }>(
    `SELECT engine_full AS engine FROM system.tables WHERE database = currentDatabase() AND name = ${stringLiteral(table)}`,
  );
  const ttl = / TTL .*/s.exec(row?.engine ?? '')?.[0];
  return ttl === undefined ? undefined : Number(/toIntervalSecond\(least\((\d+),/.exec(ttl)?.[1]);
}

/** The last second of a DateTime. Beyond it counting begins again in 1970, which would remove rows at once. */
const lastSecond = 2 ** 32 - 1;

/**
 * Sets how long rows are kept; 0 keeps them for ever. Nothing happens where it is so already. What is stored already gets its
 * expiry in the background: a mutation, which a large database works on for a while, and continues after a restart.
 *
 * @throws PipelineError DESTINATION_UNAVAILABLE, DESTINATION_REFUSED
 */
export async function applyRetention(clickHouse: ClickHouse, retentionMs: number): Promise<void> {
  const wanted = retentionMs === 0 ? undefined : Math.ceil(retentionMs / 1000);
  for (const { table, column, onlyWhere, dropsParts } of expiring) {
    if ((await currentSeconds(clickHouse, table)) === wanted) continue;
    if (wanted === undefined) {
      await clickHouse.execute(`ALTER TABLE ${table} REMOVE TTL SETTINGS alter_sync = 0`);
      continue;
    }
    // Existing parts get their expiry from the one column, without being rewritten.
    const partsOnly = dropsParts ? ', ttl_only_drop_parts = 1' : '';
    await clickHouse.execute(`ALTER TABLE ${table} MODIFY SETTING materialize_ttl_recalculate_only = 1${partsOnly}`);
    const condition = onlyWhere === undefined ? '' : ` WHERE ${onlyWhere}`;
    const seconds = `least(${integerLiteral(wanted)}, ${lastSecond} - toUnixTimestamp(${column}))`;
    const expression = `toDateTime(${column}) + toIntervalSecond(${seconds})`;
    await clickHouse.execute(
      `ALTER TABLE ${table} MODIFY TTL ${expression} DELETE${condition} SETTINGS alter_sync = 0`,
    );
  }
}
