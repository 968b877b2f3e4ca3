import { toleranceNs } from '../agent-clock.ts';

/** Something that is held for a limited time of the agent's clock. */
export abstract class Held {
  /** CLOCK_MONOTONIC of the agent at which it is given up. */
  readonly deadlineNs: number;
  /** Offset of the batch it came from. */
  readonly offset: number;
  heldOlder: Held | undefined = undefined;
  heldNewer: Held | undefined = undefined;
  heldIn: HeldList | undefined = undefined;

  constructor(deadlineNs: number, offset: number) {
    this.deadlineNs = deadlineNs;
    this.offset = offset;
  }
}

/**
 * Held things with one and the same time limit, in the order they came, so that the first is the first to be given up
 * and the one that needs the oldest batch.
 */
export class HeldList {
  oldest: Held | undefined = undefined;
  private newest: Held | undefined = undefined;

  append(held: Held): void {
    held.heldIn = this;
    held.heldOlder = this.newest;
    if (this.newest === undefined) this.oldest = held;
    else this.newest.heldNewer = held;
    this.newest = held;
  }

  /** Takes something out of the list it is in, if any. */
  static release(held: Held): void {
    const list = held.heldIn;
    if (list === undefined) return;
    if (held.heldOlder === undefined) list.oldest = held.heldNewer;
    else held.heldOlder.heldNewer = held.heldNewer;
    if (held.heldNewer === undefined) list.newest = held.heldOlder;
    else held.heldNewer.heldOlder = held.heldOlder;
    held.heldIn = undefined;
    held.heldOlder = undefined;
    held.heldNewer = undefined;
  }
}

/** All held things of one agent, by their time limit. */
export class HeldLists {
  private readonly lists = new Map<number, HeldList>();

  append(limitMs: number, held: Held): void {
    let list = this.lists.get(limitMs);
    if (list === undefined) this.lists.set(limitMs, (list = new HeldList()));
    list.append(held);
  }

  /**
   * Takes out and hands over what is due, at `Infinity` everything. What has a time limit that nothing of this clock can
   * have is of another clock, or forged: it goes too, so that nothing waits behind it.
   */
  giveUp(nowNs: number, take: (held: Held) => void): void {
    for (const [limitMs, list] of this.lists) {
      const latestNs = nowNs + limitMs * 1e6 + toleranceNs;
      for (let held = list.oldest; held !== undefined; held = list.oldest) {
        const { deadlineNs } = held;
        if (deadlineNs > nowNs && deadlineNs <= latestNs) break;
        HeldList.release(held);
        take(held);
      }
    }
  }

  /** The oldest held thing of each time limit. */
  *oldest(): Generator<Held> {
    for (const list of this.lists.values()) if (list.oldest !== undefined) yield list.oldest;
  }

  /** The oldest batch that something held came from. */
  get oldestOffset(): number | undefined {
    let offset: number | undefined;
    for (const { oldest } of this.lists.values())
      if (oldest !== undefined && (offset === undefined || oldest.offset < offset)) offset = oldest.offset;
    return offset;
  }
}
