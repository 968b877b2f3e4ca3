import type { RowColumn } from '../../core/clickhouse/clickhouse.ts';
import type { MinuteSummary } from '../minutes/minute-summary.ts';

/** A table of the database that the sink fills; tables.ts lists them. The same row may be stored again: one row a key stays. */
export interface Table {
  readonly name: string;
  /** In the order in which a row has them. */
  readonly columns: readonly RowColumn[];
  /** Dictionaries over the table, reloaded in this order after rows were stored. */
  readonly dictionaries?: readonly string[];
  /** Views that add its rows up per minute. */
  readonly summaries?: readonly MinuteSummary[];
  /** Rows expire: they are removed SPANLOOM_SINK_RETENTION after the time in a column. Undefined: rows stay. */
  readonly expiry?: {
    /** `start_time` when not given. */
    readonly column?: string;
    /** SQL condition on the rows that expire; undefined for all, which then go a part at a time. */
    readonly onlyWhere?: string;
  };
}
