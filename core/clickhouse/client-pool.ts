import type { ClickHouseClient } from '@clickhouse/client';

/** Clients of one database, lent to one task after the other. */
export interface ClientPool {
  /**
   * Runs a task with a client as soon as one is free, in the order of asking. A task that still waits when the signal
   * fires leaves the queue, and the call rejects with the signal's reason.
   */
  run<Result>(task: (client: ClickHouseClient) => Promise<Result>, signal?: AbortSignal): Promise<Result>;
  close(): Promise<void>;
}

/** A client that does many things at the same time. */
export function sharedClient(client: ClickHouseClient): ClientPool {
  return { run: (task) => task(client), close: () => client.close() };
}

/**
 * Clients that do one thing at a time each. A connection of the embedded engine does so anyway, but a statement that
 * waits for its turn there holds a thread of Node's small pool (4), and with the pool all file access stands still.
 */
export function exclusiveClients(clients: readonly ClickHouseClient[]): ClientPool {
  const idle = [...clients];
  const waiting = new Set<(client: ClickHouseClient) => void>();
  const turn = (signal: AbortSignal | undefined): Promise<ClickHouseClient> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        waiting.delete(take);
        reject(signal!.reason as Error);
      };
      const take = (client: ClickHouseClient): void => {
        signal?.removeEventListener('abort', leave);
        resolve(client);
      };
      waiting.add(take);
      signal?.addEventListener('abort', leave, { once: true });
    });
  return {
    async run(task, signal) {
      signal?.throwIfAborted();
      const client = idle.pop() ?? (await turn(signal));
      try {
        // It may have fired between the turn and now.
        signal?.throwIfAborted();
        return await task(client);
      } finally {
        const [next] = waiting;
        if (next === undefined) idle.push(client);
        else {
          waiting.delete(next);
          next(client);
        }
      }
    },
    async close() {
      for (const client of clients) await client.close();
    },
  };
}
