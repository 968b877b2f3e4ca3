import { describe, expect, it } from 'vitest';
import { pathParts, serviceTotals } from './breakdown.ts';
import { callFacts, callSteps } from './call-facts.ts';
import { positionOf, spanIdAt } from './span-ids.ts';
import { rootKinds } from './span-tree.ts';
import { testId, testName } from './testing/outline-of.ts';
import { aTraceModel, beginNs, modelOf, type TestSpan } from './testing/a-trace-model.ts';
import type { TraceModel } from './trace-model.ts';

const within = { reason: 'tcp_sequence', server_service_name: 'reviews', client_service_name: 'page' } as const;

/** A request of 119 ms: 10 ms before and 9 ms after one call, which spends 40 ms between two nodes and 50 ms in the server. */
const slowNetwork: readonly TestSpan[] = [
  { id: 'root', ms: [0, 119], service_name: 'page', server_service_name: 'page' },
  { id: 'cp', parent: 'root', ms: [10, 110], observation_point: 'c-p', ...within, reason: 'context' },
  { id: 'cnd', parent: 'cp', ms: [12, 107], observation_point: 'c-nd', ...within },
  { id: 'snd', parent: 'cnd', ms: [32, 87], observation_point: 's-nd', ...within },
  { id: 'sp', parent: 'snd', ms: [34, 84], observation_point: 's-p', ...within, service_name: 'reviews' },
];

/** The id of a span as the test wrote it. */
const nameAt = ({ columns }: TraceModel, span: number): string => testName(spanIdAt(columns.ids, span));
const at = (model: TraceModel, id: string): number => positionOf(model.columns.ids, testId(id));
const idsOf = (model: TraceModel, spans: Iterable<number>): readonly string[] =>
  Array.from(spans, (span) => nameAt(model, span));
const pathOf = (model: TraceModel): readonly string[] =>
  Array.from(model.path.span, (span, piece) => {
    const [from, to] = [model.path.fromNs[piece]! / 1e6, model.path.toNs[piece]! / 1e6];
    return `${nameAt(model, span)} ${from}-${to}`;
  });

describe('a call with its observations', () => {
  const model = aTraceModel(...slowNetwork);

  it('is one lane below the request that made it', () => {
    expect(idsOf(model, model.calls.roots)).toEqual(['root']);
    const { offsets, items } = model.calls.below;
    expect(idsOf(model, items.subarray(offsets[0], offsets[1]))).toEqual(['cp']);
    expect(callFacts(model, at(model, 'cp'))).toMatchObject({ hopCount: 4, networkNs: 50e6, isServed: true });
  });

  it('says where its time went, step by step', () => {
    const steps = callSteps(model, at(model, 'cp')).map(({ kind, ns, thereNs, backNs }) => [kind, ns, thereNs, backNs]);
    expect(steps).toEqual([
      ['network', 5e6, 2e6, 3e6],
      ['network', 40e6, 20e6, 20e6],
      ['network', 5e6, 2e6, 3e6],
      ['application', 50e6, 0, 0],
    ]);
  });

  it('is on the critical path place by place, so that the network stands out', () => {
    const [first, second, third] = pathParts(model);
    expect(first).toMatchObject({ kind: 'application', from: 'reviews', ns: 50e6 });
    expect(second).toMatchObject({ kind: 'network', from: 'page', to: 'reviews', points: 'c-nd – s-nd', ns: 40e6 });
    expect(third).toMatchObject({ kind: 'application', from: 'page', ns: 19e6 });
    expect(pathParts(model).reduce((sum, { ns }) => sum + ns, 0)).toBe(119e6);
  });

  it('counts for its server, once', () => {
    const [reviews, page] = serviceTotals(model);
    expect(reviews).toMatchObject({ service: 'reviews', calls: 1, ownNs: 50e6, networkNs: 50e6, unseenNs: 0 });
    expect(page).toMatchObject({ service: 'page', calls: 1, ownNs: 19e6, networkNs: 0 });
  });

  it('whose server was not seen is neither network nor application', () => {
    const unseen = aTraceModel(...slowNetwork.slice(0, 2));
    expect(callSteps(unseen, 1)).toMatchObject([{ kind: 'unseen', ns: 100e6 }]);
    expect(serviceTotals(unseen)[0]).toMatchObject({ service: 'reviews', unseenNs: 100e6, ownNs: 0 });
  });

  it('of hosts whose clocks differ is drawn within itself, and only the sum of both ways is said to be exact', () => {
    const ahead = slowNetwork.map((span) =>
      ['snd', 'sp'].includes(span.id)
        ? { ...span, agent_id: 2, ms: [span.ms[0] + 500, span.ms[1] + 500] as const }
        : span,
    );
    const shifted = aTraceModel(...ahead);
    const [outer, inner] = [at(shifted, 'cnd'), at(shifted, 'snd')];
    expect(shifted.startNs[inner]! + shifted.columns.durationNs[inner]!).toBe(
      shifted.startNs[outer]! + shifted.columns.durationNs[outer]!,
    );
    expect(shifted.durationNs).toBe(119e6);
    expect(shifted.shiftNs[at(shifted, 'sp')]).toBe(shifted.shiftNs[inner]);
    expect(callSteps(shifted, at(shifted, 'cp'))[1]).toMatchObject({ ns: 40e6, oneClock: false });
  });
});

describe('the critical path', () => {
  it('goes through the child that ended last, and through what ended last before that', () => {
    const model = aTraceModel(
      { id: 'r', ms: [0, 100] },
      { id: 'a', parent: 'r', ms: [10, 40] },
      { id: 'b', parent: 'r', ms: [15, 60] },
      { id: 'c', parent: 'r', ms: [70, 90] },
    );
    expect(pathOf(model)).toEqual(['r 0-15', 'b 15-60', 'r 60-70', 'c 70-90', 'r 90-100']);
  });

  it('leaves out what goes on after its parent, and what came after', () => {
    const model = aTraceModel(
      { id: 'r', ms: [0, 100] },
      { id: 'async', parent: 'r', ms: [50, 200] },
      { id: 'late', parent: 'r', ms: [150, 160] },
      { id: 'a', parent: 'r', ms: [10, 20] },
    );
    expect(pathOf(model)).toEqual(['r 0-10', 'a 10-20', 'r 20-100']);
  });

  it('of a child that began before its parent counts from where the parent began', () => {
    const model = aTraceModel({ id: 'r', ms: [10, 20] }, { id: 'early', parent: 'r', ms: [0, 15] });
    expect(pathOf(model)).toEqual(['early 10-15', 'r 15-20']);
  });

  it('follows a call inside although its server noticed the end later', () => {
    const model = aTraceModel(
      { id: 'c', ms: [0, 10], observation_point: 'c-p' },
      { id: 's', parent: 'c', ms: [2, 11], reason: 'tcp_sequence' },
    );
    expect(pathOf(model)).toEqual(['c 0-2', 's 2-10']);
  });

  it('of a chain of 200,000 spans comes without recursion', () => {
    const model = modelOf(
      Array.from({ length: 200_000 }, (_, depth): TestSpan => {
        const parent = depth === 0 ? {} : { parent: `s${depth - 1}` };
        return { id: `s${depth}`, ms: [depth / 1e3, 1_000 - depth / 1e3], ...parent };
      }),
    );
    expect(model.path.span.length).toBe(2 * 200_000 - 1);
    expect(model.calls.level.at(-1)).toBe(199_999);
  });
});

describe('a trace that cannot be', () => {
  it('with self-parents and cycles is drawn whole, each cycle cut once', () => {
    const model = aTraceModel(
      { id: 'self', parent: 'self', ms: [0, 1] },
      { id: 'a', parent: 'b', ms: [1, 2] },
      { id: 'b', parent: 'c', ms: [2, 3] },
      { id: 'c', parent: 'a', ms: [3, 4] },
      { id: 'under', parent: 'c', ms: [3, 4] },
    );
    expect(model.tree.order.toSorted()).toEqual(Int32Array.of(0, 1, 2, 3, 4));
    expect(model.tree.roots).toHaveLength(2);
    expect(Array.from(model.tree.roots, (root) => model.tree.rootKind[root])).toEqual([
      rootKinds.cycle,
      rootKinds.cycle,
    ]);
  });

  it('with an absent parent has a root that says so, and duplicates are all there', () => {
    const model = aTraceModel(
      { id: 'x', parent: 'gone', ms: [0, 1] },
      { id: 'x', ms: [0, 1] },
      { id: 'y', parent: 'x', ms: [0, 1] },
    );
    expect(Array.from(model.tree.rootKind)).toEqual([rootKinds.absent, rootKinds.none, 0]);
    expect(model.tree.parent[2]).toBe(0);
  });

  it('of 1970 and 2262 is drawn, and within 104 days every nanosecond is kept', () => {
    const days = aTraceModel({ id: 'b', ms: [8.6e9, 8.6e9 + 1e-6] }, { id: 'a', ms: [0, 1] });
    expect(days.columns.startNs[0]).toBe(beginNs + 8_600_000_000_000_000n);
    const first = { id: 'a', ms: [0, 1], start_time_ns: '1' } as const;
    const last = { id: 'b', ms: [0, 1], start_time_ns: '9223372036854775807' } as const;
    const model = aTraceModel(last, first);
    expect(model.beginNs).toBe(1n);
    expect([...model.columns.startNs]).toEqual([9223372036854775807n, 1n]);
    expect(model.startNs[0]).toBeGreaterThan(9.2e18);
  });

  it('without times, numbers or texts is one instant', () => {
    const model = aTraceModel({
      id: '',
      ms: [0, 0],
      start_time_ns: 'soon',
      duration_ns: Number.NaN,
      status: undefined,
    } as never);
    expect(model).toMatchObject({ durationNs: 1, beginNs: 0n });
    expect(beginNs).toBeGreaterThan(0n);
  });
});
