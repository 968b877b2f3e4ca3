/**
 * Limits how many tasks run at a time. Further ones wait: clients take turns, and the tasks of one client run first come,
 * first served. So a client that asks for much waits for itself, and others do not wait for it.
 */
export class ConcurrencyLimit {
  readonly #limit: number;
  /** By client; the one that had a turn longest ago comes first. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Tasks that wait. */
  get waiting(): number {
    let count = 0;
    for (const ofClient of this.#waiting.values()) count += ofClient.size;
    return count;
  }

  /** Runs a task when the limit allows. @throws the reason of the signal when it fires before that */
  async run<Result>(task: () => Promise<Result>, signal: AbortSignal, client = ''): Promise<Result> {
    signal.throwIfAborted();
    if (this.#running >= this.#limit) await this.#wait(signal, client);
    else this.#running++;
    try {
      signal.throwIfAborted();
      return await task();
    } finally {
      // The next request takes over directly, so that none can overtake it.
      const next = this.#next();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  #next(): (() => void) | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const [client, ofClient] = first;
    this.#waiting.delete(client);
    this.#waiting.set(client, ofClient);
    const [start] = ofClient;
    return start;
  }

  #wait(signal: AbortSignal, client: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const forget = (): void => {
        const ofClient = this.#waiting.get(client);
        ofClient?.delete(start);
        if (ofClient?.size === 0) this.#waiting.delete(client);
      };
      const start = (): void => {
        forget();
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        forget();
        reject(signal.reason as Error);
      };
      const ofClient = this.#waiting.get(client) ?? new Set();
      ofClient.add(start);
      this.#waiting.set(client, ofClient);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}
