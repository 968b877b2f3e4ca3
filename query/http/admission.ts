/**
 * Who may have a request answered. There are so many slots in all and for one client. A client that does not read its
 * answer keeps its slot only until another request needs it.
 */

/** Bounds of an {@link Admission}. */
export interface AdmissionLimits {
  /** Requests that are answered at the same time, waiting ones included. */
  readonly maxRequests: number;
  /** Of them, by one address. */
  readonly maxRequestsPerClient: number;
  /** A client that has not read for longer gives its slot to another request. */
  readonly yieldAfterMs: number;
}

/** The slot of a request. */
export interface Slot {
  /** The client does not take what is sent to it, or takes it again. */
  readonly stalls: (isStalled: boolean) => void;
  readonly leave: () => void;
}

/** What became of asking for a slot. */
export type Admitted =
  | { readonly kind: 'admitted'; readonly slot: Slot }
  /** All slots are taken, or all of this client. */
  | { readonly kind: 'full' | 'client_full' };

interface Holder {
  readonly client: string;
  /** Ends the request, for the sake of another. */
  readonly evict: () => void;
  stalledSinceMs: number | undefined;
}

/** Slots for requests; see the top of the file. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #now: () => number;
  readonly #holders = new Set<Holder>();

  /** @param now a monotonic clock, in milliseconds */
  constructor(limits: AdmissionLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Requests that have a slot. */
  get size(): number {
    return this.#holders.size;
  }

  /** Asks for a slot. @param evict ends the request when its slot is needed for another */
  enter(client: string, evict: () => void): Admitted {
    const { maxRequests, maxRequestsPerClient } = this.#limits;
    const ofClient = [...this.#holders].filter((holder) => holder.client === client);
    if (ofClient.length >= maxRequestsPerClient && !this.#makeRoom(ofClient)) return { kind: 'client_full' };
    if (this.#holders.size >= maxRequests && !this.#makeRoom([...this.#holders])) return { kind: 'full' };
    const holder: Holder = { client, evict, stalledSinceMs: undefined };
    this.#holders.add(holder);
    const slot: Slot = {
      stalls: (isStalled) => {
        holder.stalledSinceMs = isStalled ? this.#now() : undefined;
      },
      leave: () => void this.#holders.delete(holder),
    };
    return { kind: 'admitted', slot };
  }

  /** Ends the request that has stalled for longest, if any has for long enough. */
  #makeRoom(among: readonly Holder[]): boolean {
    const latestMs = this.#now() - this.#limits.yieldAfterMs;
    const since = (holder: Holder): number => holder.stalledSinceMs ?? Infinity;
    const [first, ...others] = among;
    const longest = others.reduce((most, holder) => (since(holder) < since(most) ? holder : most), first!);
    if (since(longest) > latestMs) return false;
    this.#holders.delete(longest);
    longest.evict();
    return true;
  }
}
