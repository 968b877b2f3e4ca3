import { describe, expect, test } from 'vitest';
import { propertyRuns } from '../../schemas/testing/property-runs.ts';
import { runAgent } from '../testing/run-agent.ts';
import { chooseParents, score, type Score } from './testing/score.ts';
import { type Scenario, simulate, type Step } from './testing/simulate.ts';

const seeds = Array.from({ length: propertyRuns(4) }, (_, index) => index + 1);
const learning = 200;

const one: readonly Step[] = [{ kind: 'calls', count: 1, endpoint: 'a' }];
const sequence: readonly Step[] = ['a', 'b', 'c'].map((endpoint) => ({ kind: 'calls', count: 1, endpoint }));
const parallel: readonly Step[] = [{ kind: 'calls', count: 3, endpoint: 'a' }];
/** Requests that are answered at once, make a call, or two calls and another. */
const mixed = (request: number): readonly Step[] =>
  [[], one, [{ kind: 'calls', count: 2, endpoint: 'b' } as const, ...one]][request % 3]!;
const afterTimer: readonly Step[] = [{ kind: 'sleep', meanMs: 3 }, ...one];

/** Plays a scenario under several seeds and scores the calls of requests after the first 200. */
function play(
  scenario: Omit<Scenario, 'seed' | 'steps'> & { readonly steps: Scenario['steps'] | readonly Step[] },
): Score {
  const total: Score = { right: 0, wrong: 0, unknown: 0 };
  for (const seed of seeds) {
    const { steps } = scenario;
    const { events } = simulate({ ...scenario, seed, steps: typeof steps === 'function' ? steps : () => steps });
    const { spans } = runAgent(events);
    const servers = new Map<string, string>();
    const requests = new Map<string, string>();
    for (const span of spans) {
      requests.set(span.spanId, span.requestResource);
      if (span.observationPoint === 's-p') servers.set(span.requestResource, span.spanId);
    }
    const truthOf = (spanId: string): string | undefined => {
      const request = requests.get(spanId)!;
      return Number(request) < learning ? undefined : servers.get(request);
    };
    const result = score(chooseParents(spans), truthOf);
    total.right += result.right;
    total.wrong += result.wrong;
    total.unknown += result.unknown;
  }
  return total;
}

function share({ right, wrong, unknown }: Score): number {
  return right / (right + wrong + unknown);
}

const busy = { inFlight: 64, requests: 1500 };

describe('64 requests in flight', () => {
  const cases: readonly (readonly [string, Parameters<typeof play>[0]])[] = [
    ['a loop that handles at once, one call', { ...busy, scheduling: 'immediate', steps: one }],
    ['a loop that handles at once, three calls in sequence', { ...busy, scheduling: 'immediate', steps: sequence }],
    ['a loop that handles at once, three calls in parallel', { ...busy, scheduling: 'immediate', steps: parallel }],
    [
      'a loop that handles at once, a new connection per call',
      { ...busy, scheduling: 'immediate', steps: one, connections: 'new' },
    ],
    [
      'a loop that handles at once, request bodies in a second segment',
      { ...busy, scheduling: 'immediate', steps: one, requestBodyBytes: 900 },
    ],
    [
      'a loop that handles at once, replies written in several calls',
      { ...busy, scheduling: 'immediate', steps: one, replyParts: 3 },
    ],
    ['a loop that queues, one call', { ...busy, scheduling: 'queued', steps: one }],
    [
      'a loop that queues, a new connection per call',
      { ...busy, scheduling: 'queued', steps: one, connections: 'new' },
    ],
    [
      'a loop that queues, some requests answered at once',
      {
        ...busy,
        scheduling: 'queued',
        steps: (request) => (request % 5 === 0 ? [] : one),
      },
    ],
    ['a ready queue, one call', { ...busy, scheduling: 'ready', steps: one }],
    ['a ready queue, three calls in sequence', { ...busy, scheduling: 'ready', steps: sequence }],
    ['a ready queue, three calls in parallel', { ...busy, scheduling: 'ready', steps: parallel }],
    ['a ready queue, a new connection per call', { ...busy, scheduling: 'ready', steps: one, connections: 'new' }],
    ['a loop that writes calls a turn later, one call', { ...busy, scheduling: 'deferred', steps: one }],
    ['threads that block, one call', { ...busy, scheduling: 'threads', steps: one }],
    ['threads that block, three calls in sequence', { ...busy, scheduling: 'threads', steps: sequence }],
  ];
  test.each(cases)('%s', (_, scenario) => {
    const result = play(scenario);
    expect(result.right + result.wrong + result.unknown).toBeGreaterThan(1000 * seeds.length);
    expect(result.wrong, JSON.stringify(result)).toBe(0);
    expect(share(result), JSON.stringify(result)).toBeGreaterThanOrEqual(0.999);
  });
});

describe('what cannot be known stays unknown', () => {
  const cases: readonly (readonly [string, Parameters<typeof play>[0]])[] = [
    [
      'calls made by a timer, the probe on the timer phase attached',
      { ...busy, scheduling: 'immediate', steps: afterTimer },
    ],
    [
      'calls made by a timer, the slot not cleared',
      { ...busy, scheduling: 'immediate', steps: afterTimer, timersClear: false },
    ],
    ['calls made by a timer of a ready queue', { ...busy, scheduling: 'ready', steps: afterTimer }],
    ['calls that wait for a connection of a small pool', { ...busy, scheduling: 'immediate', steps: one, poolSize: 8 }],
    ['work handed to a pool of threads', { ...busy, scheduling: 'handoff', steps: sequence }],
    ['a ready queue, endpoints that do different things', { ...busy, scheduling: 'ready', steps: mixed }],
    ['a loop that queues, endpoints that do different things', { ...busy, scheduling: 'queued', steps: mixed }],
  ];
  test.each(cases)('%s', (_, scenario) => {
    const result = play(scenario);
    expect(result.wrong, JSON.stringify(result)).toBeLessThanOrEqual((result.right + result.unknown) / 10_000);
  });
});

describe('a loop that writes calls a turn later', () => {
  const shapes: readonly (readonly [string, readonly Step[] | Scenario['steps'], number, number])[] = [
    ['one call', one, 0.99, 0.9],
    ['three in sequence', sequence, 0.9, 0.8],
    ['three in parallel', parallel, 0.9, 0],
    ['endpoints that do different things', mixed, 0, 0],
    ['after a timer', afterTimer, 0, 0],
    ['every other one after a timer', (request) => (request % 2 === 0 ? afterTimer : one), 0, 0],
    ['one in twenty after a timer', (request) => (request % 20 === 0 ? afterTimer : one), 0, 0],
    ['one in two hundred after a timer', (request) => (request % 200 === 0 ? afterTimer : one), 0, 0],
    ['all after a timer from then on', (request) => (request > 700 ? afterTimer : one), 0, 0],
    ['endpoints of another shape from then on', (request) => (request > 700 ? mixed(request) : one), 0, 0],
  ];
  const pools: readonly { readonly poolSize?: number }[] = [{}, { poolSize: 40 }, { poolSize: 60 }];
  test.each(shapes)('%s', (_, steps, inOrder, onFreed) => {
    for (const [scheduling, least] of [['deferred', inOrder] as const, ['stacked', onFreed] as const])
      for (const pool of pools) {
        const result = play({ ...busy, requests: 3000, scheduling, steps, ...pool });
        const told = JSON.stringify([scheduling, pool, result]);
        expect.soft(result.wrong, told).toBeLessThanOrEqual((result.right + result.unknown) / 10_000);
        if (pool.poolSize === undefined) expect(share(result), told).toBeGreaterThanOrEqual(least);
      }
  });
});

describe('a pool that runs dry', () => {
  const calls = (...endpoints: readonly string[]): readonly Step[] =>
    endpoints.map((endpoint) => ({ kind: 'calls', count: 1, endpoint }));
  const cached = calls('cache', 'db', 'cache');
  const asksLater = calls('cache', 'cache', 'db');
  const fanOut: readonly Step[] = [...calls('cache'), { kind: 'calls', count: 3, endpoint: 'db' }];
  const either = (request: number): readonly Step[] => (request % 2 === 0 ? cached : asksLater);
  const endpointOfEither = (request: number): string => (request % 2 === 0 ? '/cached' : '/later');
  const db = { port: 91, size: 18 };
  const scenario = { ...busy, requests: 3000, scheduling: 'immediate' } as const;
  const cases: readonly (readonly [string, Parameters<typeof play>[0], number])[] = [
    ['one endpoint', { ...scenario, steps: cached, pools: { db } }, 0],
    ['two endpoints', { ...scenario, steps: either, endpoint: endpointOfEither, pools: { db } }, 0],
    ['several calls of one message', { ...scenario, steps: fanOut, pools: { db: { ...db, size: 60 } } }, 0],
    ['a sequence on one pool', { ...scenario, steps: calls('db', 'db', 'db'), pools: { db: { ...db, size: 50 } } }, 0],
    ['who came last is served first', { ...scenario, steps: cached, pools: { db: { ...db, isLastFirst: true } } }, 0],
    ['calls that wait too long are left out', { ...scenario, steps: cached, pools: { db: { ...db, waitMs: 3 } } }, 0],
    ['few wait too long', { ...scenario, steps: cached, pools: { db: { ...db, waitMs: 12 } } }, 0],
    [
      'two pools of one peer',
      { ...scenario, steps: calls('cache', 'db', 'more'), pools: { db, more: { port: 91, size: 12 } } },
      0,
    ],
    [
      'dry from some time on',
      {
        ...scenario,
        steps: (request) => (request < 1000 ? calls('cache') : cached),
        endpoint: (request) => (request < 1000 ? '/before' : '/after'),
        pools: { db },
      },
      0,
    ],
    [
      'last served first from some time on',
      {
        ...scenario,
        steps: (request) => (request < 1500 ? calls('cache', 'db') : calls('cache', 'later')),
        pools: { db, later: { ...db, isLastFirst: true } },
      },
      0,
    ],
  ];
  test.each(cases)('%s', (_, shape, least) => {
    const result = play(shape);
    expect(result.wrong, JSON.stringify(result)).toBe(0);
    expect(share(result), JSON.stringify(result)).toBeGreaterThanOrEqual(least);
  });
});

describe('few requests in flight', () => {
  const cases: readonly (readonly [string, Parameters<typeof play>[0]])[] = [
    [
      'a loop that handles at once, one at a time',
      { inFlight: 1, requests: 400, scheduling: 'immediate', steps: sequence },
    ],
    ['a loop that handles at once, three', { inFlight: 3, requests: 400, scheduling: 'immediate', steps: mixed }],
    ['a loop that queues, two', { inFlight: 2, requests: 400, scheduling: 'queued', steps: one }],
    ['a ready queue, one at a time', { inFlight: 1, requests: 400, scheduling: 'ready', steps: sequence }],
    ['a ready queue, three', { inFlight: 3, requests: 6000, scheduling: 'ready', steps: sequence }],
    ['threads that block, one at a time', { inFlight: 1, requests: 400, scheduling: 'threads', steps: sequence }],
  ];
  test.each(cases)('%s', (_, scenario) => {
    const result = play(scenario);
    expect(result.wrong, JSON.stringify(result)).toBe(0);
    expect(share(result), JSON.stringify(result)).toBeGreaterThanOrEqual(0.995);
  });

  test('the first request of a process that handles at once has its cause', () => {
    const { events } = simulate({ scheduling: 'immediate', seed: 1, inFlight: 1, requests: 2, steps: () => sequence });
    const { spans } = runAgent(events);
    const parents = chooseParents(spans);
    expect(parents.size).toBe(6);
    expect([...parents.values()]).not.toContain(undefined);
  });
});

describe('a connection shared by all calls', () => {
  test.each(['immediate', 'ready'] as const)(
    '%s: several responses in one read lead on in their order',
    (scheduling) => {
      for (const steps of [one, sequence]) {
        const result = play({ ...busy, scheduling, steps, connections: 'shared' });
        expect(result.wrong, JSON.stringify(result)).toBe(0);
        expect(share(result), JSON.stringify(result)).toBeGreaterThanOrEqual(0.999);
      }
    },
  );
});

test('the same events give the same causes, however they are cut into batches', () => {
  const { events } = simulate({ scheduling: 'ready', seed: 9, inFlight: 32, requests: 500, steps: () => sequence });
  const whole = runAgent(events, { batchEvents: events.length }).spans;
  expect(runAgent(events, { batchEvents: 37 }).spans).toEqual(whole);
  expect(runAgent(events, { batchEvents: 1 }).spans).toEqual(whole);
});
