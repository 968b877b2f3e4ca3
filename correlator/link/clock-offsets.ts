/**
 * Estimates the clock offset of two agents from calls between them, as NTP does (RFC 5905, section 8). A server sees the
 * request after the client sent it, and sends the response before the client sees it. So each call bounds the offset from
 * both sides; the fastest request and the fastest response give the tightest bounds.
 */
const windowNs = 60e9;
/** Pairs of agents remembered. */
const pairLimit = 100_000;

/** Clock of the second agent minus clock of the first, in nanoseconds. */
export interface ClockOffset {
  readonly offsetNs: number;
  /** The true offset is within this of offsetNs. */
  readonly uncertaintyNs: number;
}

/** Bounds on the offset, from calls of one window. */
interface Bounds {
  upperNs: number;
  lowerNs: number;
}

interface Pair {
  current: Bounds;
  previous: Bounds;
  sinceNs: number;
}

const open = (): Bounds => ({ upperNs: Infinity, lowerNs: -Infinity });

/** Estimates for all pairs of agents that called each other recently. */
export class ClockOffsets {
  readonly #pairs = new Map<string, Pair>();

  /**
   * Learns from one call whose both ends were seen.
   *
   * @param forwardNs start at the server minus start at the client, each by its own clock
   * @param backwardNs end at the client minus end at the server
   */
  observe(clientAgent: number, serverAgent: number, forwardNs: number, backwardNs: number, nowNs: number): void {
    const isOrdered = clientAgent < serverAgent;
    const key = isOrdered ? `${clientAgent} ${serverAgent}` : `${serverAgent} ${clientAgent}`;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      if (this.#pairs.size >= pairLimit) this.#pairs.delete(this.#pairs.keys().next().value!);
      this.#pairs.set(key, (pair = { current: open(), previous: open(), sinceNs: nowNs }));
    } else if (nowNs - pair.sinceNs > windowNs) {
      pair.previous = pair.current;
      pair.current = open();
      pair.sinceNs = nowNs;
    }
    const { current } = pair;
    current.upperNs = Math.min(current.upperNs, isOrdered ? forwardNs : backwardNs);
    current.lowerNs = Math.max(current.lowerNs, isOrdered ? -backwardNs : -forwardNs);
  }

  /** Clock of `second` minus clock of `first`; undefined when no call between them was seen. */
  between(first: number, second: number): ClockOffset | undefined {
    const isOrdered = first < second;
    const pair = this.#pairs.get(isOrdered ? `${first} ${second}` : `${second} ${first}`);
    if (pair === undefined) return undefined;
    const upperNs = Math.min(pair.current.upperNs, pair.previous.upperNs);
    const lowerNs = Math.max(pair.current.lowerNs, pair.previous.lowerNs);
    // Drift or a step of a clock can make the bounds cross; their distance is then the uncertainty.
    const offsetNs = (upperNs + lowerNs) / 2;
    return { offsetNs: isOrdered ? offsetNs : -offsetNs, uncertaintyNs: Math.abs(upperNs - lowerNs) / 2 };
  }
}
