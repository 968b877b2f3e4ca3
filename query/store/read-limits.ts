import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import { maxListedTraces, maxReadSpans } from './trace-store.ts';

/** What one statement may cost. */
export interface ReadLimits {
  readonly timeoutSeconds: number;
  /** Memory in the engine, in bytes. */
  readonly maxMemoryBytes: number;
}

/** No statement of ours has more rows. */
const maxRows = Math.max(maxReadSpans, 20 * maxListedTraces);
const maxResultBytes = 64 * 1024 * 1024;

/** A database that is only read, within bounds. */
export interface Reader {
  /** @throws PipelineError; the reason of the signal when it fires */
  select<Row>(sql: string): Promise<readonly Row[]>;
}

/** Reads with bounds that the engine holds to. @param signal cancels what runs */
export function boundedReader(clickHouse: ClickHouse, limits: ReadLimits, signal: AbortSignal | undefined): Reader {
  const settings = {
    max_execution_time: limits.timeoutSeconds,
    max_memory_usage: limits.maxMemoryBytes,
    max_result_rows: maxRows,
    max_result_bytes: maxResultBytes,
    readonly: 2,
  };
  return { select: (sql) => clickHouse.select(sql, { settings, ...(signal === undefined ? {} : { signal }) }) };
}
