import { toleranceNs } from '../agent-clock.ts';

/** An item buffered for a limited time by the agent's clock. */
export abstract class Expiring {
  /** CLOCK_MONOTONIC of the agent at which it expires. */
  readonly deadlineNs: number;
  /** Offset of the batch it came from. */
  readonly offset: number;
  older: Expiring | undefined = undefined;
  newer: Expiring | undefined = undefined;
  expiryList: ExpiryList | undefined = undefined;

  constructor(deadlineNs: number, offset: number) {
    this.deadlineNs = deadlineNs;
    this.offset = offset;
  }
}

/**
 * Items with the same time limit, in the order of arrival: the first is the first to expire, and the one that needs the oldest
 * batch.
 */
export class ExpiryList {
  oldest: Expiring | undefined = undefined;
  private newest: Expiring | undefined = undefined;

  append(expiring: Expiring): void {
    expiring.expiryList = this;
    expiring.older = this.newest;
    if (this.newest === undefined) this.oldest = expiring;
    else this.newest.newer = expiring;
    this.newest = expiring;
  }

  /** Takes something out of the list it is in, if any. */
  static release(expiring: Expiring): void {
    const list = expiring.expiryList;
    if (list === undefined) return;
    if (expiring.older === undefined) list.oldest = expiring.newer;
    else expiring.older.newer = expiring.newer;
    if (expiring.newer === undefined) list.newest = expiring.older;
    else expiring.newer.older = expiring.older;
    expiring.expiryList = undefined;
    expiring.older = undefined;
    expiring.newer = undefined;
  }
}

/** Everything buffered of one agent, by their time limit. */
export class ExpiryLists {
  private readonly lists = new Map<number, ExpiryList>();

  append(limitMs: number, expiring: Expiring): void {
    let list = this.lists.get(limitMs);
    if (list === undefined) this.lists.set(limitMs, (list = new ExpiryList()));
    list.append(expiring);
  }

  /**
   * Removes and passes on what is due, at `Infinity` everything. An item whose expiry is impossible for this clock is of another
   * clock or forged: it is removed too, so that nothing waits behind it.
   */
  giveUp(nowNs: number, take: (expiring: Expiring) => void): void {
    for (const [limitMs, list] of this.lists) {
      const latestNs = nowNs + limitMs * 1e6 + toleranceNs;
      for (let expiring = list.oldest; expiring !== undefined; expiring = list.oldest) {
        const { deadlineNs } = expiring;
        if (deadlineNs > nowNs && deadlineNs <= latestNs) break;
        ExpiryList.release(expiring);
        take(expiring);
      }
    }
  }

  /** The oldest entry of each time limit. */
  *oldest(): Generator<Expiring> {
    for (const list of this.lists.values()) if (list.oldest !== undefined) yield list.oldest;
  }

  /** The oldest batch that something in these lists came from. */
  get oldestOffset(): number | undefined {
    let offset: number | undefined;
    for (const { oldest } of this.lists.values())
      if (oldest !== undefined && (offset === undefined || oldest.offset < offset)) offset = oldest.offset;
    return offset;
  }
}
