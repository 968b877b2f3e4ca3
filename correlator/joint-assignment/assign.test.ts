import { describe, expect, it } from 'vitest';
import { Random } from '../../core/testing/random.ts';
import { assign, type AssignedCall, type Timed } from './assign.ts';
import { AssignmentModel } from './assignment-model.ts';

const ms = 1e6;

/** A request and the calls that it made. */
interface Served extends Timed {
  readonly calls: readonly Timed[];
}

/** Requests of a busy process: each makes a call of each kind, so long after it began. */
function busy(random: Random, count: number, kinds: readonly string[], leadMs: () => number): readonly Served[] {
  return Array.from({ length: count }, (_, index) => {
    const startNs = index * ms + random.next() * ms;
    const calls = kinds.map((kind): Timed => {
      const from = startNs + leadMs() * ms;
      return { kind, startNs: from, endNs: from + random.next() * 10 * ms };
    });
    const endNs = Math.max(...calls.map((call) => call.endNs)) + (0.2 + 8 * random.next()) * ms;
    return { kind: 'GET /', startNs, endNs, calls };
  });
}

/** Assigns all calls of a process in blocks. Of each: the probability of the likeliest request, and whether it is the right one. */
function assigned(all: readonly Served[], evidenceOf: (served: Served, option: Served) => number = () => 0) {
  const model = new AssignmentModel();
  const results: { readonly probability: number; readonly isRight: boolean; readonly sum: number }[] = [];
  const calls = all.flatMap((served) => served.calls.map((call) => ({ served, call })));
  calls.sort((left, right) => left.call.startNs - right.call.startNs);
  for (let from = 0; from < calls.length; from += 200) {
    const block = calls.slice(from, from + 200);
    const options = block.map(({ served, call }): AssignedCall => ({
      ...call,
      isNew: true,
      isKnown: false,
      options: all.flatMap((request, index) =>
        request.startNs < call.startNs && request.endNs > call.endNs
          ? [{ request: index, evidence: evidenceOf(served, request) }]
          : [],
      ),
    }));
    const rows = assign(model, options, all, new Map([['GET /', 200 / all[0]!.calls.length]]));
    for (const [row, probabilities] of rows.entries()) {
      const best = probabilities.indexOf(Math.max(...probabilities));
      results.push({
        probability: probabilities[best] ?? 0,
        isRight: all[options[row]!.options[best]?.request ?? -1] === block[row]!.served,
        sum: probabilities.reduce((sum, probability) => sum + probability, 0),
      });
    }
  }
  return results;
}

const share = (results: readonly { readonly isRight: boolean }[]): number =>
  results.filter(({ isRight }) => isRight).length / results.length;

describe('joint assignment', () => {
  it('finds who made a call by how long such calls take to come', () => {
    const random = new Random(1);
    const results = assigned(busy(random, 1200, ['a'], () => 1 + 0.2 * random.next()));
    expect(share(results)).toBeGreaterThan(0.8);
  });

  it('claims no more than it keeps', () => {
    for (const seed of [1, 2, 3]) {
      const random = new Random(seed);
      const results = assigned(busy(random, 1500, ['a', 'b'], () => 1 + 4 * random.next()));
      for (const [from, to] of [
        [0.2, 0.5],
        [0.5, 0.8],
        [0.8, 1],
      ] as const) {
        const bin = results.filter(({ probability }) => probability >= from && probability < to);
        if (bin.length < 100) continue;
        const claimed = bin.reduce((sum, { probability }) => sum + probability, 0) / bin.length;
        expect(share(bin), `seed ${seed}, ${from} to ${to}, ${bin.length} calls`).toBeGreaterThan(claimed - 0.1);
      }
      expect(Math.max(...results.map(({ sum }) => sum))).toBeLessThanOrEqual(1 + 1e-9);
    }
  });

  it('learns what it means that a rule names a request, and that another means nothing', () => {
    const naming = (share: number, seed: number) => {
      const chance = new Random(seed);
      const named = new Map<Served, Served | undefined>();
      return (served: Served, option: Served): number => {
        if (!named.has(served)) named.set(served, chance.next() < share ? served : undefined);
        return named.get(served) === option ? 1 : 0;
      };
    };
    const all = (): readonly Served[] => {
      const random = new Random(5);
      return busy(random, 1200, ['a'], () => 1 + 8 * random.next());
    };
    const alone = share(assigned(all()));
    expect(share(assigned(all(), naming(0.9, 6)))).toBeGreaterThan(Math.max(0.85, alone + 0.2));
    const chance = new Random(7);
    expect(share(assigned(all(), () => (chance.next() < 0.1 ? 1 : 0)))).toBeGreaterThan(alone - 0.1);
  });

  it('gives a request no more calls than its like make', () => {
    const model = new AssignmentModel();
    const request = (startNs: number): Timed => ({ kind: 'GET /', startNs, endNs: startNs + 10 * ms });
    const call = (startNs: number, options: AssignedCall['options']): AssignedCall => ({
      ...{ kind: 'a', startNs, endNs: startNs + ms, isNew: true, options },
      isKnown: options.length === 1,
    });
    const both = [
      { request: 0, evidence: 0 },
      { request: 1, evidence: 0 },
    ];
    const requests = [request(0), request(0)];
    const [, second] = assign(
      model,
      [call(ms, [{ request: 0, evidence: 0 }]), call(ms, both)],
      requests,
      new Map([['GET /', 2]]),
    );
    expect(second![1]).toBeGreaterThan(0.7);
  });

  it('knows nothing of a call without an open request', () => {
    const call: AssignedCall = { kind: 'a', startNs: 0, endNs: 1, isNew: true, isKnown: false, options: [] };
    expect(assign(new AssignmentModel(), [call], [], new Map())).toEqual([new Float64Array(0)]);
  });
});
