/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  }

  /** In [0, 2^32). */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let hash = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    hash ^= hash + Math.imul(hash ^ (hash >>> 7), hash | 61);
    return (hash ^ (hash >>> 14)) >>> 0;
  }

  /** In [0, 1). */
  unit(): number {
    return this.word() / 2 ** 32;
  }

  /** A whole number from 0 to `bound - 1`. */
  below(bound: number): number {
    return Math.floor(this.unit() * bound);
  }

  /** A whole number from 0 to `bound - 1`, small ones much more often (about Zipf). */
  zipf(bound: number): number {
    return Math.min(bound - 1, Math.floor(bound ** this.unit()) - 1);
  }

  /** Sixteen hexadecimal digits. */
  id(): string {
    return hex8(this.word()) + hex8(this.word());
  }

  /** A duration of any positive length, log-normal about a median. */
  around(median: number, spread = 0.6): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit());
    return Math.max(1, Math.round(median * Math.exp(spread * normal)));
  }
}

const hex8 = (word: number): string => word.toString(16).padStart(8, '0');
