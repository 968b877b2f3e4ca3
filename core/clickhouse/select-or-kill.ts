import { randomUUID } from 'node:crypto';
import type { ClickHouseClient } from '@clickhouse/client';
import { maxQueryBytes } from './clickhouse.ts';
import type { ClientPool } from './client-pool.ts';
import { stringLiteral } from './sql-literal.ts';

/** A query that was not yet in the list of processes is looked for again, first after this time. */
const firstRetryMs = 50;
const maxRetryMs = 2_000;
/** ClickHouse's own limit of a statement is 256 KiB. */
const longQueryLength = 200_000;

/**
 * Runs a query in the embedded engine. Its interface cannot interrupt a call: giving up would leave the query running,
 * and its connection taken. `KILL QUERY` from another connection ends it. The engine gives ids to queries itself, so the
 * query is known by a comment in front of it.
 */
export async function selectOrKill<Row>(
  client: ClickHouseClient,
  query: string,
  signal: AbortSignal | undefined,
  control: ClientPool,
): Promise<readonly Row[]> {
  // Not a setting of the statement: it is about reading it. The connection keeps it for those that follow.
  if (query.length > longQueryLength) await client.command({ query: `SET max_query_size = ${maxQueryBytes}` });
  signal?.throwIfAborted();
  const mark = `/* ${randomUUID()} */`;
  const running = client.query({ query: `${mark} ${query}`, format: 'JSONEachRow' });
  if (signal === undefined) return (await running).json<Row>();
  const settled = new AbortController();
  const kill = (): void => void killUntil(settled.signal, mark, control);
  signal.addEventListener('abort', kill, { once: true });
  try {
    const result = await running;
    return await result.json<Row>();
  } finally {
    signal.removeEventListener('abort', kill);
    settled.abort();
  }
}

/** Ends the query with this mark, until it has ended. */
async function killUntil(settled: AbortSignal, mark: string, control: ClientPool): Promise<void> {
  const query = `KILL QUERY WHERE startsWith(query, ${stringLiteral(mark)}) ASYNC`;
  for (let waitMs = firstRetryMs; !settled.aborted; waitMs = Math.min(2 * waitMs, maxRetryMs)) {
    // When it fails, such as for lack of memory, the next may not; and max_execution_time ends the query too.
    await control.run((client) => client.command({ query })).catch(() => undefined);
    await new Promise<void>((resolve) => {
      setTimeout(resolve, waitMs).unref();
      settled.addEventListener('abort', () => resolve(), { once: true });
      if (settled.aborted) resolve();
    });
  }
}
