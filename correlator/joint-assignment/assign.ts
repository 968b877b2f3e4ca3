/**
 * Joint assignment: which of the requests that were open made which of these calls? One call alone says little. All calls of
 * a while together say more: one request makes as many calls of a kind as its like make, and each takes as long to come as
 * others of its kind. So the probability of each pair is its rate times the densities of its two delays times its evidence,
 * scaled until each call has one parent and no request more calls than its like (Sinkhorn's algorithm). Unlike one
 * best assignment (the Hungarian method), that gives probabilities. The model is learned from these in turn
 * (expectation and maximisation); what is claimed of a call uses what was learned before it.
 */
import { type AssignmentModel, EvidenceModel, PairModel } from './assignment-model.ts';
import { delayBin, delayBins } from './delay-histogram.ts';

/** Rounds in which the model is fitted to the calls in hand; more while it knows nothing. */
const rounds = 3;
const firstRounds = 9;
const scalings = 6;
/** Share of calls that no request is assumed to have made, or one that was not captured. */
const strayShare = 0.01;

/** What can be told of a request or a call. Times in nanoseconds, from any moment on. */
export interface Timed {
  readonly startNs: number;
  readonly endNs: number;
  readonly kind: string;
}

/** An open request that may have made a call. */
export interface Option {
  /** Position in the requests. */
  readonly request: number;
  /** Bits of what names it: evidence-bits.ts. */
  readonly evidence: number;
}

/** A call with what may have made it. */
export interface AssignedCall extends Timed {
  readonly options: readonly Option[];
  /** Whether the model learns from it: each call once. */
  readonly isNew: boolean;
  /** Whether it is known who made it: the only option. Its evidence is then no measure, since by that it became known. */
  readonly isKnown: boolean;
}

/** All pairs of a block in arrays, call after call. */
class Block {
  readonly #model: AssignmentModel;
  /** Where the pairs of each call begin, and where the last ones end. */
  readonly #rows: Int32Array;
  readonly #pairOf: Int32Array;
  readonly #columnOf: Int32Array;
  readonly #leadBins: Uint8Array;
  readonly #trailBins: Uint8Array;
  readonly #evidence: Uint16Array;
  readonly #isNew: Uint8Array;
  readonly #isKnown: Uint8Array;
  readonly #pairKeys: string[] = [];
  readonly #kindOfPair: string[] = [];
  readonly #pairOfColumn: number[] = [];
  readonly #strayDensities: Float64Array;
  /** Probability that no request made the call. */
  readonly #strays: Float64Array;
  readonly weights: Float64Array;

  constructor(model: AssignmentModel, calls: readonly AssignedCall[], requests: readonly Timed[]) {
    this.#model = model;
    const size = calls.reduce((sum, { options }) => sum + options.length, 0);
    this.#rows = new Int32Array(calls.length + 1);
    this.#pairOf = new Int32Array(size);
    this.#columnOf = new Int32Array(size);
    this.#leadBins = new Uint8Array(size);
    this.#trailBins = new Uint8Array(size);
    this.#evidence = new Uint16Array(size);
    this.#isNew = Uint8Array.from(calls, ({ isNew }) => (isNew ? 1 : 0));
    this.#isKnown = Uint8Array.from(calls, ({ isKnown }) => (isKnown ? 1 : 0));
    this.#strayDensities = strayDensities(calls, requests);
    this.#strays = new Float64Array(calls.length);
    this.weights = new Float64Array(size);
    const pairs = new Map<string, number>();
    const columns = new Map<string, number>();
    let at = 0;
    for (const [row, { options, kind, startNs, endNs }] of calls.entries()) {
      for (const { request, evidence } of options) {
        const asked = requests[request]!;
        const key = model.pairKey(asked.kind, kind);
        let pair = pairs.get(key);
        if (pair === undefined) {
          pairs.set(key, (pair = this.#pairKeys.push(key) - 1));
          this.#kindOfPair.push(asked.kind);
        }
        const columnKey = `${request} ${kind}`;
        let column = columns.get(columnKey);
        if (column === undefined) columns.set(columnKey, (column = this.#pairOfColumn.push(pair) - 1));
        this.#pairOf[at] = pair;
        this.#columnOf[at] = column;
        this.#leadBins[at] = delayBin(startNs - asked.startNs);
        this.#trailBins[at] = delayBin(asked.endNs - endNs);
        this.#evidence[at] = evidence;
        at++;
      }
      this.#rows[row + 1] = at;
    }
  }

  /**
   * Probabilities of all pairs, into {@link weights}.
   *
   * @param fitted what these calls themselves show, to be added to what is known
   */
  expect(fitted: Fit | undefined, requestsHere: ReadonlyMap<string, number>): void {
    const count = this.#pairKeys.length;
    const leads = new Float64Array(count * delayBins);
    const trails = new Float64Array(count * delayBins);
    const rates = new Float64Array(count);
    for (const [index, key] of this.#pairKeys.entries()) {
      const pair = new PairModel();
      for (const part of [this.#model.pair(key), fitted?.pairs.get(key)]) if (part !== undefined) pair.merge(part, 1);
      pair.lead.writeDensities(leads, index * delayBins);
      pair.trail.writeDensities(trails, index * delayBins);
      const kind = this.#kindOfPair[index]!;
      const requests = this.#model.requests(kind) + (fitted === undefined ? 0 : (requestsHere.get(kind) ?? 0));
      rates[index] = (pair.calls + 0.5) / (requests + 0.5);
    }
    const evidence = new EvidenceModel();
    evidence.merge(this.#model.evidence, 1);
    if (fitted !== undefined) evidence.merge(fitted.evidence, 1);
    const ratios = evidence.ratios();
    this.#strays.set(this.#strayDensities);
    for (let at = 0; at < this.weights.length; at++) {
      const pair = this.#pairOf[at]!;
      const delays = leads[pair * delayBins + this.#leadBins[at]!]! * trails[pair * delayBins + this.#trailBins[at]!]!;
      this.weights[at] = rates[pair]! * delays * ratios[this.#evidence[at]!]!;
    }
    this.#scale(rates);
  }

  /** Scales until each call has one parent, and no request more calls than its like. */
  #scale(rates: Float64Array): void {
    const [weights, columns] = [this.weights, this.#columnOf];
    const most = Float64Array.from(this.#pairOfColumn, (pair) => Math.max(1, Math.round(rates[pair]! + 0.1)));
    const sums = new Float64Array(most.length);
    this.#scaleRows();
    for (let scaling = 1; scaling < scalings; scaling++) {
      sums.fill(0);
      for (let at = 0; at < weights.length; at++) sums[columns[at]!]! += weights[at]!;
      for (let at = 0; at < weights.length; at++) {
        const column = columns[at]!;
        if (sums[column]! > most[column]!) weights[at]! *= most[column]! / sums[column]!;
      }
      this.#scaleRows();
    }
  }

  #scaleRows(): void {
    const [weights, rows, strays] = [this.weights, this.#rows, this.#strays];
    for (let row = 0; row + 1 < rows.length; row++) {
      let sum = strays[row]!;
      for (let at = rows[row]!; at < rows[row + 1]!; at++) sum += weights[at]!;
      if (sum === 0) continue;
      strays[row]! /= sum;
      for (let at = rows[row]!; at < rows[row + 1]!; at++) weights[at]! /= sum;
    }
  }

  /** What the probabilities say of delays, numbers and evidence. */
  maximise(): Fit {
    const pairs = new Map(this.#pairKeys.map((key) => [key, new PairModel()]));
    const models = this.#pairKeys.map((key) => pairs.get(key)!);
    const evidence = new EvidenceModel();
    for (let row = 0; row + 1 < this.#rows.length; row++) {
      if (this.#isNew[row] === 0) continue;
      for (let at = this.#rows[row]!; at < this.#rows[row + 1]!; at++) {
        const weight = this.weights[at]!;
        const model = models[this.#pairOf[at]!]!;
        model.lead.add(this.#leadBins[at]!, weight);
        model.trail.add(this.#trailBins[at]!, weight);
        model.calls += weight;
        if (this.#isKnown[row] === 0) evidence.add(this.#evidence[at]!, weight);
      }
    }
    return { pairs, evidence };
  }

  /** The probabilities of each call, in the order of its options. */
  rows(): readonly Float64Array[] {
    return Array.from(this.#isNew, (_, row) => this.weights.slice(this.#rows[row], this.#rows[row + 1]));
  }
}

/**
 * How likely a call at its time is of no request: per square nanosecond, as the product of two densities of delays. Calls of
 * its kind come as often as they do, and end as far before the end of any request as they happen to.
 */
function strayDensities(calls: readonly AssignedCall[], requests: readonly Timed[]): Float64Array {
  const counts = new Map<string, number>();
  let [fromNs, toNs] = [Infinity, -Infinity];
  for (const { kind, startNs, endNs } of calls) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    [fromNs, toNs] = [Math.min(fromNs, startNs), Math.max(toNs, endNs)];
  }
  const openNs = requests.reduce((sum, { startNs, endNs }) => sum + (endNs - startNs), 0) / requests.length;
  const perNs2 = strayShare / Math.max(toNs - fromNs, 1) / Math.max(openNs, 1);
  return Float64Array.from(calls, ({ kind, isKnown }) => (isKnown ? 0 : counts.get(kind)! * perNs2));
}

interface Fit {
  readonly pairs: ReadonlyMap<string, PairModel>;
  readonly evidence: EvidenceModel;
}

/**
 * The probability of each option of each call, in their order; the model learns from the new ones.
 *
 * @param requestsHere how many requests of each kind there were for the new calls
 */
export function assign(
  model: AssignmentModel,
  calls: readonly AssignedCall[],
  requests: readonly Timed[],
  requestsHere: ReadonlyMap<string, number>,
): readonly Float64Array[] {
  const block = new Block(model, calls, requests);
  const { isYoung } = model;
  block.expect(undefined, requestsHere);
  const before = isYoung ? undefined : block.rows();
  let fit = block.maximise();
  for (let round = 0; round < (isYoung ? firstRounds : rounds); round++) {
    block.expect(fit, requestsHere);
    fit = block.maximise();
  }
  if (before === undefined) block.expect(fit, requestsHere);
  const fresh = calls.filter(({ isNew }) => isNew);
  model.learn(fresh.length, requestsHere, fit.pairs, fit.evidence);
  model.assigned += fresh.filter(({ isKnown }) => !isKnown).length;
  return before ?? block.rows();
}
