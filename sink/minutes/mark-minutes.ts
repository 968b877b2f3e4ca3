import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import { integerLiteral, stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import type { MinuteSummary } from './minute-summary.ts';

/**
 * Notes that rows of these minutes were stored, after they were: whoever sums a minute up and has not seen the rows began before.
 * Until it is noted, the messages are not acknowledged, so a minute is never left unmarked.
 *
 * @param minutes Unix minutes
 * @throws PipelineError DESTINATION_UNAVAILABLE, DESTINATION_REFUSED
 */
export async function markMinutes(
  clickHouse: ClickHouse,
  { name }: MinuteSummary,
  minutes: ReadonlySet<number>,
): Promise<void> {
  if (minutes.size === 0) return;
  const seconds = [...minutes].map((minute) => integerLiteral(minute * 60)).join(', ');
  await clickHouse.execute(
    `INSERT INTO summed_minute (summary, minute, changed_at) ` +
      `SELECT ${stringLiteral(name)}, toDateTime(arrayJoin([${seconds}]), 'UTC'), now64(9)`,
  );
}
