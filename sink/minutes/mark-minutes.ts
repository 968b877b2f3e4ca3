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
  summaries: readonly MinuteSummary[],
  minutes: ReadonlySet<number>,
): Promise<void> {
  if (minutes.size === 0 || summaries.length === 0) return;
  const names = summaries.map(({ name }) => stringLiteral(name)).join(', ');
  const seconds = [...minutes].map((minute) => integerLiteral(minute * 60)).join(', ');
  await clickHouse.execute(
    `INSERT INTO summed_minute (summary, minute, changed_at) ` +
      `SELECT summary, toDateTime(second, 'UTC'), now64(9) FROM system.one ARRAY JOIN [${names}] AS summary ARRAY JOIN [${seconds}] AS second`,
  );
}
