/** Bins per doubling. */
const binsPerOctave = 3;
const shortestNs = 1000;
const octaves = 26;

/** From a microsecond to a minute; what is shorter or longer counts in the first or the last one. */
export const delayBins = binsPerOctave * octaves;

/** Nanoseconds that each bin is wide, inverted. */
const perWidth = Float64Array.from({ length: delayBins }, (_, bin) => {
  const from = bin === 0 ? 0 : shortestNs * 2 ** (bin / binsPerOctave);
  return 1 / (shortestNs * 2 ** ((bin + 1) / binsPerOctave) - from);
});

/** Weight of the assumption that every bin is as likely as the others. */
const priorWeight = 4;

/** The bin of a delay in nanoseconds. */
export function delayBin(ns: number): number {
  const bin = Math.floor(binsPerOctave * Math.log2(Math.max(ns, shortestNs) / shortestNs));
  return Math.min(bin, delayBins - 1);
}

/** How long something takes: weights of delays, in bins that grow with the delay. */
export class DelayHistogram {
  readonly #weights = new Float64Array(delayBins);
  #total = 0;

  add(bin: number, weight: number): void {
    this.#weights[bin]! += weight;
    this.#total += weight;
  }

  /** Adds another one to this, of which only this share is kept. */
  merge(other: DelayHistogram, kept: number): void {
    const [weights, added] = [this.#weights, other.#weights];
    for (let bin = 0; bin < delayBins; bin++) weights[bin] = weights[bin]! * kept + added[bin]!;
    this.#total = this.#total * kept + other.#total;
  }

  /** Probability per nanosecond in each bin, into `densities` from `at` on; neighbours smooth each other. */
  writeDensities(densities: Float64Array, at: number): void {
    const weights = this.#weights;
    const total = this.#total + priorWeight;
    for (let bin = 0; bin < delayBins; bin++) {
      const beside = (weights[bin - 1] ?? 0) + (weights[bin + 1] ?? 0);
      const weight = 0.25 * beside + 0.5 * weights[bin]! + priorWeight / delayBins;
      densities[at + bin] = (weight / total) * perWidth[bin]!;
    }
  }
}
