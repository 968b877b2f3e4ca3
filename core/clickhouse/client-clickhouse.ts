import type { ClickHouseClient } from '@clickhouse/client';
import type { ClickHouse, ClickHouseLogin, RowInsert, SelectOptions } from './clickhouse.ts';
import { clickHouseError } from './clickhouse-error.ts';
import type { ClientPool } from './client-pool.ts';

/** How one implementation differs from the other. */
export interface ClientBehaviour {
  /** The directory or address of the database, for people. */
  readonly location: string;
  readonly login?: ClickHouseLogin;
  /** Clients for queries, so that a long one does not hold up what is stored. */
  readonly readers: ClientPool;
  /** Clients for inserts and other statements. */
  readonly writers: ClientPool;
  /** For what must not wait behind the others: whether the database answers, and the end of a query. */
  readonly control: ClientPool;
  insert(client: ClickHouseClient, insert: RowInsert): Promise<void>;
  /** Runs a query until its rows are there, or until it has ended after the signal fired. */
  select<Row>(client: ClickHouseClient, query: string, signal: AbortSignal | undefined): Promise<readonly Row[]>;
  /** After all clients have closed. */
  closed?(): void;
}

/** The part of the port that is the same for every {@link ClickHouseClient}. */
export function clientClickHouse({ location, readers, writers, control, ...behaviour }: ClientBehaviour): ClickHouse {
  let closing: Promise<void> | undefined;
  let pinging: Promise<void> | undefined;
  const attempt = async <Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> => {
    try {
      signal?.throwIfAborted();
      return await work();
    } catch (error) {
      // The caller cancelled it and knows why: the engine's error adds nothing.
      signal?.throwIfAborted();
      throw clickHouseError(error, location);
    }
  };
  const close = async (): Promise<void> => {
    for (const pool of new Set([writers, readers, control])) await pool.close();
    behaviour.closed?.();
  };
  const ping = async (client: ClickHouseClient): Promise<void> => {
    const answer = await client.ping({ select: true });
    if (!answer.success) throw answer.error;
  };
  return {
    ...(behaviour.login === undefined ? {} : { login: behaviour.login }),
    insert: (insert) => attempt(() => writers.run((client) => behaviour.insert(client, insert))),
    select: <Row>(sql: string, { settings = {}, signal }: SelectOptions = {}) => {
      // In the statement, not beside it: the embedded engine would keep them for the statements that follow.
      const list = Object.entries({ ...settings, output_format_json_quote_64bit_integers: 0 });
      const query = `${sql}\nSETTINGS ${list.map(([name, value]) => `${name} = ${value}`).join(', ')}`;
      return attempt(() => readers.run((client) => behaviour.select<Row>(client, query, signal), signal), signal);
    },
    ping: () =>
      (pinging ??= attempt(() => control.run(ping)).finally(() => {
        pinging = undefined;
      })),
    execute: (sql) =>
      attempt(() =>
        writers.run(async (client) => {
          await client.command({ query: sql });
        }),
      ),
    close: () => (closing ??= attempt(close)),
  };
}
