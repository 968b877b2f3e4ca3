/** Counters by labels, of which there are never more than a bound: what has no place counts as `other`. */

/** By the name of the label. */
export type Labels = Readonly<Record<string, string>>;

interface Counted {
  readonly labels: Labels;
  readonly values: Float64Array;
  touchedAtMs: number;
  /** It was shown with zeros, so that a reader sees the first increase as one. */
  isShown: boolean;
}

/** A set of labels without an increase for so long gives its place to a new one, in milliseconds. */
export const idleMs = 3_600_000;

/** Longest text of a label, in characters. */
const maxLabelLength = 200;

/** Several counters for each set of labels. Their values only grow, until the set is forgotten. */
export class CountedSeries {
  readonly #limit: number;
  readonly #width: number;
  /** The one that was touched longest ago comes first. */
  readonly #counted = new Map<string, Counted>();
  /** Those of {@link addOther}: they need no place. */
  readonly #others = new Map<string, Counted>();

  /** @param limit of sets of labels @param width counters of each */
  constructor(limit: number, width: number) {
    this.#limit = limit;
    this.#width = width;
  }

  /** Sets of labels that have a place. */
  get size(): number {
    return this.#counted.size;
  }

  /** Adds to the counters of these labels. @returns false when there is no place for them: nothing was added */
  add(labels: Labels, amounts: readonly number[], nowMs: number): boolean {
    const cut = Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, cutLabel(value)]));
    const key = JSON.stringify(cut);
    let counted = this.#counted.get(key);
    if (counted === undefined) {
      if (this.#counted.size >= this.#limit && !this.#makeRoom(nowMs)) return false;
      counted = this.#newCounted(cut, nowMs);
    }
    this.#counted.delete(key);
    this.#counted.set(key, counted);
    counted.touchedAtMs = nowMs;
    addTo(counted.values, amounts);
    return true;
  }

  /** Adds to the counters of labels of which there are few by themselves. */
  addOther(labels: Labels, amounts: readonly number[], nowMs: number): void {
    const key = JSON.stringify(labels);
    const counted = this.#others.get(key) ?? this.#newCounted(labels, nowMs);
    this.#others.set(key, counted);
    addTo(counted.values, amounts);
  }

  /** All counters as they are to be read now; new ones are 0 once. */
  read(): readonly { readonly labels: Labels; readonly values: Float64Array }[] {
    return [...this.#counted.values(), ...this.#others.values()].map((counted) => {
      const { labels, values, isShown } = counted;
      counted.isShown = true;
      return { labels, values: isShown ? values.slice() : new Float64Array(this.#width) };
    });
  }

  #newCounted(labels: Labels, nowMs: number): Counted {
    return { labels, values: new Float64Array(this.#width), touchedAtMs: nowMs, isShown: false };
  }

  #makeRoom(nowMs: number): boolean {
    const [first] = this.#counted;
    if (first === undefined || nowMs - first[1].touchedAtMs < idleMs) return false;
    return this.#counted.delete(first[0]);
  }
}

/** Half of a pair of surrogates is no text. */
const cutLabel = (value: string): string =>
  value.length <= maxLabelLength ? value : value.slice(0, maxLabelLength).replace(/[\ud800-\udbff]$/, '');

function addTo(values: Float64Array, amounts: readonly number[]): void {
  for (const [at, amount] of amounts.entries()) values[at]! += amount;
}
