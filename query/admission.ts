/**
 * Who may have a request answered. There are so many places in all and for one client. A client that does not read its
 * answer keeps its place only until another request needs it.
 */

/** Bounds of an {@link Admission}. */
export interface AdmissionLimits {
  /** Requests that are answered at the same time, waiting ones included. */
  readonly maxRequests: number;
  /** Of them, by one address. */
  readonly maxRequestsPerClient: number;
  /** A client that has not read for longer gives its place to another request. */
  readonly yieldAfterMs: number;
}

/** The place of a request. */
export interface Place {
  /** The client does not take what is sent to it, or takes it again. */
  readonly stalls: (isStalled: boolean) => void;
  readonly leave: () => void;
}

/** What became of asking for a place. */
export type Admitted =
  | { readonly kind: 'place'; readonly place: Place }
  /** All places are taken, or all of this client. */
  | { readonly kind: 'full' | 'client_full' };

interface Taken {
  readonly client: string;
  /** Ends the request, for the sake of another. */
  readonly give: () => void;
  stalledSinceMs: number | undefined;
}

/** Places for requests; see the top of the file. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #now: () => number;
  readonly #taken = new Set<Taken>();

  /** @param now a monotonic clock, in milliseconds */
  constructor(limits: AdmissionLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Requests that have a place. */
  get size(): number {
    return this.#taken.size;
  }

  /** Asks for a place. @param give ends the request when its place is needed for another */
  enter(client: string, give: () => void): Admitted {
    const { maxRequests, maxRequestsPerClient } = this.#limits;
    const ofClient = [...this.#taken].filter((taken) => taken.client === client);
    if (ofClient.length >= maxRequestsPerClient && !this.#makeRoom(ofClient)) return { kind: 'client_full' };
    if (this.#taken.size >= maxRequests && !this.#makeRoom([...this.#taken])) return { kind: 'full' };
    const taken: Taken = { client, give, stalledSinceMs: undefined };
    this.#taken.add(taken);
    const place: Place = {
      stalls: (isStalled) => {
        taken.stalledSinceMs = isStalled ? this.#now() : undefined;
      },
      leave: () => void this.#taken.delete(taken),
    };
    return { kind: 'place', place };
  }

  /** Ends the request that has stalled for longest, if any has for long enough. */
  #makeRoom(among: readonly Taken[]): boolean {
    const latestMs = this.#now() - this.#limits.yieldAfterMs;
    const since = (taken: Taken): number => taken.stalledSinceMs ?? Infinity;
    const [first, ...others] = among;
    const longest = others.reduce((most, taken) => (since(taken) < since(most) ? taken : most), first!);
    if (since(longest) > latestMs) return false;
    this.#taken.delete(longest);
    longest.give();
    return true;
  }
}
