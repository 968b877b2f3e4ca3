/**
 * The database port: what stages need of ClickHouse. Two implementations, both behind @clickhouse/client: the engine
 * embedded in this process, and a server over HTTP.
 */

/** Longest text of a statement. ClickHouse's own default, 256 KiB, is less than a list of ids may take. */
export const maxQueryBytes = 4 * 1024 * 1024;

/** A column as its bytes stand in a row: its name, and a type whose RowBinary encoding they are. */
export interface RowColumn {
  readonly name: string;
  /** ClickHouse converts to the type of the table's column: `String` for LowCardinality, `Int8` for an enum. */
  readonly type: string;
}

/** Rows on their way into one table. */
export interface RowInsert {
  readonly table: string;
  /** In the order of the encoding. Columns of the table that are not here get their default. */
  readonly columns: readonly RowColumn[];
  /** Whole rows in RowBinary, in any number of pieces. */
  readonly rows: readonly Uint8Array[];
}

/** A user of a server. */
export interface ClickHouseLogin {
  readonly user: string;
  readonly password: string;
}

/** How a query is run. */
export interface SelectOptions {
  /** Settings of ClickHouse for this query, such as max_execution_time. */
  readonly settings?: Readonly<Record<string, number>>;
  /** Cancels the query: in the queue of this process, and in the engine. The call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A database. */
export interface ClickHouse {
  /** Whose rights dictionaries read with; undefined in the embedded engine, which has one user. */
  readonly login?: ClickHouseLogin;
  /**
   * Resolves when the rows are stored and readable. Part of them may be stored when it fails: tables are made so that
   * sending the same rows again is harmless.
   *
   * @throws PipelineError DESTINATION_UNAVAILABLE, DESTINATION_REFUSED
   */
  insert(insert: RowInsert): Promise<void>;
  /**
   * Rows of a query, as objects. Integers come as numbers: what may be beyond 2^53 is selected as text. Values go into
   * the SQL by `sql-literal.ts`.
   *
   * @throws PipelineError DESTINATION_UNAVAILABLE, DESTINATION_REFUSED; the reason of the signal when it fires
   */
  select<Row>(sql: string, options?: SelectOptions): Promise<readonly Row[]>;
  /**
   * Whether the database answers. It has a connection of its own, so it never waits behind queries or inserts; calls at
   * the same time share one answer.
   *
   * @throws PipelineError DESTINATION_UNAVAILABLE, DESTINATION_REFUSED
   */
  ping(): Promise<void>;
  /** Runs a statement that returns nothing, such as DDL. */
  execute(sql: string): Promise<void>;
  close(): Promise<void>;
}
