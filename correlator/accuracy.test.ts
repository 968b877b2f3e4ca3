/** How often parents are right when many requests are in flight, on simulated services whose truth is known. */
import { describe, expect, test } from 'vitest';
import type { Trace } from '../schemas/generated/trace.ts';
import { Scenario } from './testing/scenario.ts';
import { eighteenSpans, simulate, type Simulation, type SimulationOptions } from './testing/simulated-services.ts';

/** One request each 50 µs that takes about 3 ms: 64 in flight. */
const load = { requests: 250, everyUs: 50, isLearned: true } as const;

function run(simulation: Simulation): readonly Trace[] {
  const scenario = new Scenario();
  const { spans } = simulation;
  for (let from = 0; from < spans.length; from += 150) {
    const batch = spans.slice(from, from + 150);
    for (const agentId of [1, 2]) {
      const ofAgent = batch.filter((span) => span.agentId === agentId);
      scenario.arrive((from / spans.length) * 20, ...ofAgent);
    }
  }
  scenario.drain();
  return scenario.traces;
}

function score(options: Partial<SimulationOptions> & Pick<SimulationOptions, 'seed'>) {
  const simulation = simulate(eighteenSpans, { ...load, ...options });
  const traces = run(simulation);
  const result = { traces: traces.length, right: 0, wrong: 0, unknown: 0 };
  for (const { spans } of traces)
    for (const { spanId, parentSpanId } of spans) {
      const truth = simulation.truth.get(spanId)!;
      if (parentSpanId === truth) result.right++;
      else if (parentSpanId === '') result.unknown++;
      else result.wrong++;
    }
  return result;
}

const all = { traces: load.requests, right: 18 * load.requests, wrong: 0, unknown: 0 };

describe('with 64 requests in flight', () => {
  test('a learned rule gives every parent', () => {
    expect(score({ seed: 1 })).toEqual(all);
  });

  test('a rule that does not hold and was not learned changes nothing', () => {
    expect(score({ seed: 2, withWrongRule: true })).toEqual(all);
  });

  test('clocks five seconds apart change nothing', () => {
    expect(score({ seed: 3, skewNs: { 2: 5_000_000_000 } })).toEqual(all);
  });

  test('while nothing is learned, nothing is wrong, and X-Request-IDs give every parent', () => {
    const unlearned = score({ seed: 4, isLearned: false, withWrongRule: true });
    expect(unlearned.wrong).toBe(0);
    expect(unlearned.unknown).toBeGreaterThan(0);
    const requestIds = score({ seed: 5, isLearned: false, withWrongRule: true, withRequestIds: true });
    expect(requestIds.wrong).toBe(0);
    // The gateway makes the id, so its own call is the one that nothing tells.
    expect(requestIds.unknown).toBeLessThanOrEqual(load.requests);
  });

  test('without any note nothing is wrong', () => {
    expect(score({ seed: 6, withoutNotes: true })).toMatchObject({ wrong: 0 });
  });
});

test('with one request at a time all parents are right, learned or not', () => {
  const alone = { requests: 50, everyUs: 1_000_000 };
  expect(score({ seed: 7, ...alone, isLearned: false })).toEqual({ traces: 50, right: 900, wrong: 0, unknown: 0 });
  expect(score({ seed: 8, ...alone, withoutNotes: true })).toMatchObject({ wrong: 0, unknown: 0 });
});
