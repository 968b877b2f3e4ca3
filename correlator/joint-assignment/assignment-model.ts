/**
 * What a process has shown of the calls for which nothing says who made them: for each kind of request and kind of call how
 * many such calls a request makes, how long after its beginning, and how long before its end; and how much it means that a
 * rule names a request. All of it follows from the probabilities that assign.ts found before, never from a truth.
 */
import { DelayHistogram } from './delay-histogram.ts';
import { evidenceValues } from './evidence-bits.ts';

/** Pairs of kinds that are told apart in one process; all beyond are one. */
const maxPairs = 64;
/** What was learned before counts this much after {@link windowCalls} more calls. */
const keptPart = 0.8;
const windowCalls = 256;

/** One kind of call, made by one kind of request. */
export class PairModel {
  /** From the beginning of the request to that of the call. */
  readonly lead = new DelayHistogram();
  /** From the end of the call to that of the request. */
  readonly trail = new DelayHistogram();
  calls = 0;

  merge(other: PairModel, kept: number): void {
    this.lead.merge(other.lead, kept);
    this.trail.merge(other.trail, kept);
    this.calls = this.calls * kept + other.calls;
  }
}

/** How often rules name a request that made the call, and one that was only open. */
export class EvidenceModel {
  readonly #parents = new Float64Array(evidenceValues);
  readonly #others = new Float64Array(evidenceValues);

  add(evidence: number, probability: number): void {
    this.#parents[evidence]! += probability;
    this.#others[evidence]! += 1 - probability;
  }

  merge(other: EvidenceModel, kept: number): void {
    for (let value = 0; value < evidenceValues; value++) {
      this.#parents[value] = this.#parents[value]! * kept + other.#parents[value]!;
      this.#others[value] = this.#others[value]! * kept + other.#others[value]!;
    }
  }

  /** For each evidence, how many times likelier it is of a parent than of another open request. */
  ratios(): Float64Array {
    const sum = (weights: Float64Array): number => weights.reduce((total, weight) => total + weight, 0);
    const [parents, others] = [sum(this.#parents) + evidenceValues, sum(this.#others) + evidenceValues];
    return this.#parents.map((weight, value) => ((weight + 1) / parents) * (others / (this.#others[value]! + 1)));
  }
}

/** Grows as blocks of calls are assigned. */
export class AssignmentModel {
  readonly #pairs = new Map<string, PairModel>();
  readonly #requests = new Map<string, number>();
  readonly evidence = new EvidenceModel();
  /** Requests up to this event were counted. */
  countedUpTo = 0;
  /** Calls that it learned from and of which nobody knew who made them. */
  assigned = 0;

  /** Whether it knows too little to say anything of calls that it has not seen. */
  get isYoung(): boolean {
    return this.assigned < windowCalls;
  }

  /** The name under which the calls of such a request are learned. */
  pairKey(requestKind: string, callKind: string): string {
    const key = `${requestKind}\n${callKind}`;
    return this.#pairs.has(key) || this.#pairs.size < maxPairs ? key : '';
  }

  pair(key: string): PairModel | undefined {
    return this.#pairs.get(key);
  }

  requests(kind: string): number {
    return this.#requests.get(kind) ?? 0;
  }

  /** Takes what a block of calls showed. */
  learn(
    calls: number,
    requests: ReadonlyMap<string, number>,
    pairs: ReadonlyMap<string, PairModel>,
    evidence: EvidenceModel,
  ): void {
    const kept = keptPart ** (calls / windowCalls);
    for (const [kind, count] of this.#requests) this.#requests.set(kind, count * kept);
    for (const [kind, count] of requests)
      if (this.#requests.has(kind) || this.#requests.size < maxPairs)
        this.#requests.set(kind, this.requests(kind) + count);
    for (const key of pairs.keys()) if (!this.#pairs.has(key)) this.#pairs.set(key, new PairModel());
    const nothing = new PairModel();
    for (const [key, pair] of this.#pairs) pair.merge(pairs.get(key) ?? nothing, kept);
    this.evidence.merge(evidence, kept);
  }
}
