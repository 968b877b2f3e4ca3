import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { ClickHouse, RowInsert } from './clickhouse.ts';
import { clientClickHouse } from './client-clickhouse.ts';
import { sharedLane } from './lanes.ts';
import { nameLiteral } from './sql-literal.ts';

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
  const client = createClient({
    url: options.url,
    database: options.database,
    username: options.user,
    password: options.password,
    request_timeout: options.requestTimeoutMs,
    application: 'spanloom',
    // What fails is thrown, and told by whoever catches it.
    log: { level: ClickHouseLogLevel.OFF },
  });
  const lane = sharedLane(client);
  return clientClickHouse({
    place: options.url,
    login: { user: options.user, password: options.password },
    readers: lane,
    writers: lane,
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
