/**
 * Which of several sinks counts a minute. All that find it due write a claim with the time of the database; when no other claim
 * can still come that is earlier, all read the same first one. Who counts writes that down before it adds up. A claim that led to
 * nothing, as after a kill, is nobody's after a while: the minute is due again.
 */
import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import { integerLiteral, stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import { callMinute } from '../minutes/minute-summary.ts';

/** Longest time of the statement that writes claims, in seconds. */
const statementSeconds = 5;

/** A claim is decided so long after it was written, in milliseconds: what began before it has ended. */
export const decidedAfterMs = 3 * statementSeconds * 1_000;

/** A claim of which nothing came is nobody's after so long; until shortly before, its owner may count. In seconds, of the database. */
const takeOverS = 120;
const ownS = takeOverS - 4 * statementSeconds;

/** Which minutes are due; times are those of the database. */
export interface DueMinutes {
  /** How long a minute is over, in seconds. */
  readonly restS: number;
  /** For how long none of its rows were stored, in milliseconds. */
  readonly quietMs: number;
  /** Then it is due though rows still come; so long after its beginning, in seconds. */
  readonly atLatestS: number;
  /** Those that began earlier are left out, in seconds. */
  readonly lookBackS: number;
}

const times = (minutes: Iterable<number>): string =>
  [...minutes].map((minute) => `toDateTime(${integerLiteral(minute)}, 'UTC')`).join(', ');

/** Minutes with calls that nobody has counted or is about to, in Unix seconds, the earliest first. */
export async function dueMinutes(
  clickHouse: ClickHouse,
  { restS, quietMs, atLatestS, lookBackS }: DueMinutes,
): Promise<readonly number[]> {
  const ago = (seconds: number): string => `now('UTC') - toIntervalSecond(${integerLiteral(seconds)})`;
  const rows = await clickHouse.select<{ minute_s: number }>(
    `SELECT toUnixTimestamp(minute) AS minute_s FROM (
       SELECT minute, max(changed_at) AS last_change FROM summed_minute
       WHERE summary = ${stringLiteral(callMinute.name)} AND minute >= ${ago(lookBackS)} AND minute <= ${ago(60 + restS)}
       GROUP BY minute)
     WHERE (last_change <= now64(9) - toIntervalMillisecond(${integerLiteral(quietMs)}) OR minute <= ${ago(atLatestS)})
       AND minute NOT IN (SELECT minute FROM counted_minute WHERE is_counted OR claimed_at > now64(9) - toIntervalSecond(${takeOverS}))
     ORDER BY minute`,
  );
  return rows.map(({ minute_s: minute }) => minute);
}

/** Claims minutes. When it fails the claim may have been written. @param minutes Unix seconds; at least one */
export async function claimMinutes(
  clickHouse: ClickHouse,
  instance: string,
  minutes: readonly number[],
): Promise<void> {
  await clickHouse.execute(
    `INSERT INTO counted_minute (minute, claimed_at, instance)
     SELECT arrayJoin([${times(minutes)}]), now64(9), ${stringLiteral(instance)}
     SETTINGS max_execution_time = ${statementSeconds}`,
  );
}

/** Says that this instance counts a minute, which nobody else does from then on. When it fails it may have been written. */
export async function markCounted(clickHouse: ClickHouse, instance: string, minute: number): Promise<void> {
  await clickHouse.execute(
    `INSERT INTO counted_minute (minute, claimed_at, instance, is_counted)
     SELECT arrayJoin([${times([minute])}]), now64(9), ${stringLiteral(instance)}, true
     SETTINGS max_execution_time = ${statementSeconds}`,
  );
}

/** Those of these minutes that this instance has claimed first, and that no other has counted. @param minutes Unix seconds; at least one */
export async function wonMinutes(
  clickHouse: ClickHouse,
  instance: string,
  minutes: readonly number[],
): Promise<readonly number[]> {
  const rows = await clickHouse.select<{ minute_s: number }>(
    `SELECT toUnixTimestamp(minute) AS minute_s FROM counted_minute WHERE minute IN (${times(minutes)})
     GROUP BY minute
     HAVING argMinIf(instance, (claimed_at, instance), NOT is_counted AND claimed_at > now64(9) - toIntervalSecond(${ownS})) = ${stringLiteral(instance)}
       AND countIf(is_counted AND instance != ${stringLiteral(instance)}) = 0
     ORDER BY minute`,
  );
  return rows.map(({ minute_s: minute }) => minute);
}
