import type { ClickHouseClient } from '@clickhouse/client';

/** Clients of one database, lent to one task after the other. */
export interface Lanes {
  /** Runs a task with a client as soon as one is to be had, in the order of asking. */
  run<Result>(task: (client: ClickHouseClient) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** A client that does many things at the same time. */
export function sharedLane(client: ClickHouseClient): Lanes {
  return { run: (task) => task(client), close: () => client.close() };
}

/**
 * Clients that do one thing at a time each. A connection of the embedded engine does so anyway, but a statement that
 * waits for its turn there holds a thread of Node's small pool (4), and with the pool all file access stands still.
 */
export function exclusiveLanes(clients: readonly ClickHouseClient[]): Lanes {
  const idle = [...clients];
  const waiting: ((client: ClickHouseClient) => void)[] = [];
  return {
    async run(task) {
      const client = idle.pop() ?? (await new Promise<ClickHouseClient>((resolve) => waiting.push(resolve)));
      try {
        return await task(client);
      } finally {
        const next = waiting.shift();
        if (next === undefined) idle.push(client);
        else next(client);
      }
    },
    async close() {
      for (const client of clients) await client.close();
    },
  };
}
