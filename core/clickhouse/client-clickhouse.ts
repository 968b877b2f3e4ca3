import type { ClickHouseClient } from '@clickhouse/client';
import type { ClickHouse, ClickHouseLogin, RowInsert } from './clickhouse.ts';
import { clickHouseError } from './clickhouse-error.ts';
import type { Lanes } from './lanes.ts';

/** How one implementation differs from the other. */
export interface ClientBehaviour {
  /** The directory or address of the database, for people. */
  readonly place: string;
  readonly login?: ClickHouseLogin;
  /** Clients for queries, so that a long one does not hold up what is stored. */
  readonly readers: Lanes;
  /** Clients for inserts and other statements. */
  readonly writers: Lanes;
  insert(client: ClickHouseClient, insert: RowInsert): Promise<void>;
  /** After all clients have closed. */
  closed?(): void;
}

/** The part of the port that is the same for every {@link ClickHouseClient}. */
export function clientClickHouse({ place, readers, writers, ...behaviour }: ClientBehaviour): ClickHouse {
  let closing: Promise<void> | undefined;
  const attempt = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      throw clickHouseError(error, place);
    }
  };
  const close = async (): Promise<void> => {
    await writers.close();
    if (readers !== writers) await readers.close();
    behaviour.closed?.();
  };
  return {
    ...(behaviour.login === undefined ? {} : { login: behaviour.login }),
    insert: (insert) => attempt(() => writers.run((client) => behaviour.insert(client, insert))),
    select: <Row>(sql: string, settings: Readonly<Record<string, number>> = {}) => {
      // In the statement, not beside it: the embedded engine would keep them for the statements that follow.
      const list = Object.entries({ ...settings, output_format_json_quote_64bit_integers: 0 });
      const query = `${sql}\nSETTINGS ${list.map(([name, value]) => `${name} = ${value}`).join(', ')}`;
      return attempt(() =>
        readers.run(async (client) => {
          const result = await client.query({ query, format: 'JSONEachRow' });
          return result.json<Row>();
        }),
      );
    },
    execute: (sql) =>
      attempt(() =>
        writers.run(async (client) => {
          await client.command({ query: sql });
        }),
      ),
    close: () => (closing ??= attempt(close)),
  };
}
