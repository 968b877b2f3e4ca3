import type { Accounting } from './stage.ts';

function zeros<Reason extends string>(reasons: readonly Reason[]): Record<Reason, number> {
  return Object.fromEntries(reasons.map((reason) => [reason, 0])) as Record<Reason, number>;
}

/**
 * Counts records by outcome. A record is buffered from `receive` until one of the other methods ends it, so the equation
 * of {@link Accounting} is true by construction; what a stage forgets to end shows as `buffered`.
 *
 * @example
 * const counters = new Counters(['filtered'], ['undecodable']);
 * counters.receive();
 * counters.drop('filtered');
 */
export class Counters<Dropped extends string = never, Rejected extends string = never> implements Accounting {
  received = 0;
  emitted = 0;
  buffered = 0;
  readonly dropped: Record<Dropped | 'revoked', number>;
  readonly rejected: Record<Rejected, number>;

  constructor(dropped: readonly Dropped[] = [], rejected: readonly Rejected[] = []) {
    this.dropped = zeros<Dropped | 'revoked'>([...dropped, 'revoked']);
    this.rejected = zeros(rejected);
  }

  receive(count = 1): void {
    this.received += count;
    this.buffered += count;
  }

  emit(count = 1): void {
    this.buffered -= count;
    this.emitted += count;
  }

  /** `revoked` ends what was buffered for partitions that another instance has now; that one receives it again. */
  drop(reason: Dropped | 'revoked', count = 1): void {
    this.buffered -= count;
    this.dropped[reason] += count;
  }

  reject(reason: Rejected, count = 1): void {
    this.buffered -= count;
    this.rejected[reason] += count;
  }
}

/** received - (emitted + dropped + rejected + buffered): 0 when nothing is lost or made up. */
export function imbalance(accounting: Accounting): number {
  const sum = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((total, count) => total + count, 0);
  const { received, emitted, dropped, rejected, buffered } = accounting;
  return received - (emitted + sum(dropped) + sum(rejected) + buffered);
}

/** The records of several parts of one stage, counted together. */
export function sumOfAccountings(parts: readonly (() => Accounting)[]): () => Accounting {
  return () => {
    const total = { received: 0, emitted: 0, buffered: 0 };
    const dropped: Record<string, number> = {};
    const rejected: Record<string, number> = {};
    for (const part of parts) {
      const counts = part();
      for (const outcome of ['received', 'emitted', 'buffered'] as const) total[outcome] += counts[outcome];
      addCounts(dropped, counts.dropped);
      addCounts(rejected, counts.rejected);
    }
    return { ...total, dropped: dropped, rejected: rejected };
  };
}

function addCounts(total: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [reason, count] of Object.entries(counts)) total[reason] = (total[reason] ?? 0) + count;
}
