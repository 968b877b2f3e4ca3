import type { ScoredEdge } from './score.ts';

/** Edges of one reason whose claimed confidence is alike. */
export interface ReliabilityRow {
  readonly reason: string;
  /** Claims from here, and below the next bin. */
  readonly from: number;
  readonly edges: number;
  /** Mean of what was claimed. */
  readonly claimed: number;
  /** Share that is right. */
  readonly right: number;
}

/** Lower ends of the bins of confidence. */
export const confidenceBins: readonly number[] = [0, 0.5, 0.9, 0.99, 0.999, 1];
/** The same, for likely parents. */
export const likelyBins: readonly number[] = [0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99];

/** Compares what edges claim with what they are: a reliability table, as of probability forecasts. */
export class Reliability {
  readonly #sums = new Map<string, { reason: string; from: number; edges: number; claimed: number; right: number }>();

  /** Lower ends of the bins. */
  readonly bins: readonly number[];

  constructor(bins: readonly number[] = confidenceBins) {
    this.bins = bins;
  }

  add(edges: readonly ScoredEdge[]): void {
    for (const { reason, confidence, isRight } of edges) {
      const from = this.bins.findLast((bin) => confidence >= bin) ?? 0;
      const key = `${reason} ${from}`;
      const sum = this.#sums.get(key) ?? { reason, from, edges: 0, claimed: 0, right: 0 };
      sum.edges++;
      sum.claimed += confidence;
      if (isRight) sum.right++;
      this.#sums.set(key, sum);
    }
  }

  /** By reason, and the surest first. */
  rows(): readonly ReliabilityRow[] {
    return [...this.#sums.values()]
      .map((sum) => ({ ...sum, claimed: sum.claimed / sum.edges, right: sum.right / sum.edges }))
      .sort((a, b) => a.reason.localeCompare(b.reason) || b.from - a.from);
  }
}
