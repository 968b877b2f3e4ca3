import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { type ClickHouse, maxQueryBytes, type RowInsert } from './clickhouse.ts';
import { clientClickHouse } from './client-clickhouse.ts';
import { sharedClient } from './client-pool.ts';
import { nameLiteral, stringLiteral } from './sql-literal.ts';

/**
 * Settings of a query that only reads. The server ends it when its client closes the connection, which it does for
 * queries that cannot change anything only; 2 allows settings of a statement, 1 would not.
 */
const readSettings = {
  readonly: '2',
  cancel_http_readonly_queries_on_client_close: 1,
  max_query_size: String(maxQueryBytes),
} as const;
/** Of each kind of client. One kind cannot take the connections of another. */
const maxConnections = { readers: 64, writers: 10, control: 2 } as const;

/** Where the server is. */
export interface HttpClickHouseOptions {
  /** http://host:8123 or https://… */
  readonly url: string;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** Longest time for one request, in milliseconds. */
  readonly requestTimeoutMs: number;
}

/** The same rows have the same token, so that a replicated table of a server drops a repeated insert at once. */
function deduplicationToken(rows: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of rows) hash.update(piece);
  return hash.digest('hex').slice(0, 32);
}

/** Connects to a ClickHouse server over HTTP. Rows are streamed as they are. */
export function openHttpClickHouse(options: HttpClickHouseOptions): ClickHouse {
  const connect = (connections: number): ClickHouseClient =>
    createClient({
      url: options.url,
      database: options.database,
      username: options.user,
      password: options.password,
      request_timeout: options.requestTimeoutMs,
      max_open_connections: connections,
      application: 'spanloom',
      // Errors are thrown; the caller logs them.
      log: { level: ClickHouseLogLevel.OFF },
    });
  const controlClient = connect(maxConnections.control);
  return clientClickHouse({
    location: options.url,
    login: { user: options.user, password: options.password },
    readers: sharedClient(connect(maxConnections.readers)),
    writers: sharedClient(connect(maxConnections.writers)),
    control: sharedClient(controlClient),
    select: (client, query, signal) => selectOverHttp(client, query, signal, controlClient),
    async insert(client, { table, columns, rows }: RowInsert) {
      const names = columns.map((column) => nameLiteral(column.name)).join(', ');
      const result = await client.exec({
        query: `INSERT INTO ${nameLiteral(table)} (${names}) FORMAT RowBinary`,
        values: Readable.from(rows, { objectMode: false }),
        clickhouse_settings: {
          // Batches are ours; the server would only wait for more.
          async_insert: 0,
          insert_deduplication_token: deduplicationToken(rows),
          max_partitions_per_insert_block: '0',
        },
      });
      // An unread body would keep its socket.
      await finished(result.stream.resume());
    },
  });
}

/** A proxy may keep the connection to the server when ours is closed, so the query is ended by its id as well. */
async function selectOverHttp<Row>(
  client: ClickHouseClient,
  query: string,
  signal: AbortSignal | undefined,
  control: ClickHouseClient,
): Promise<readonly Row[]> {
  const queryId = randomUUID();
  const kill = (): void => {
    const sql = `KILL QUERY WHERE query_id = ${stringLiteral(queryId)} ASYNC`;
    // The first means has worked, or max_execution_time ends it.
    control.command({ query: sql }).catch(() => undefined);
  };
  signal?.addEventListener('abort', kill, { once: true });
  try {
    const result = await client.query({
      query,
      format: 'JSONEachRow',
      query_id: queryId,
      clickhouse_settings: readSettings,
      ...(signal === undefined ? {} : { abort_signal: signal }),
    });
    return await result.json<Row>();
  } finally {
    signal?.removeEventListener('abort', kill);
  }
}
