import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import { PipelineError } from '../../core/errors.ts';

/** The database, of which the statement with this number fails, before it is run or after. */
export function failingAt(clickHouse: ClickHouse, statement: number, isAfter: boolean): ClickHouse {
  let statements = 0;
  return {
    ...clickHouse,
    async execute(sql) {
      const fails = statements++ === statement;
      if (!fails || isAfter) await clickHouse.execute(sql);
      if (fails) throw new PipelineError('DESTINATION_UNAVAILABLE', 'gone', { retryable: true });
    },
  };
}
