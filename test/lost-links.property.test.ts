/** Correlators that die while Redis loses its data, in every order of steps: the traces are those of one in memory. */
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { quickConfig, essence, spanMessages } from '../correlator/testing/distributed-run.ts';
import { batchMessage } from '../correlator/testing/span-messages.ts';
import { SimulatedFleet, type FleetWeights } from '../correlator/testing/simulated-fleet.ts';
import { eighteenSpans, simulate, type Work } from '../correlator/testing/simulated-services.ts';
import { tracesInMemory } from '../correlator/testing/traces-in-memory.ts';
import type { Span } from '../schemas/generated/span.ts';
import { propertyRuns } from '../schemas/testing/property-runs.ts';
import { describeWhere } from './requirement.ts';
import { sharedRedisMissing, sharedRedisUrl } from './services/shared-redis.ts';

/** Every service on a host of its own, so that all calls are between partitions. */
const agents = new Map(['gateway', 'node', 'python', 'redis', 'dns'].map((name, index) => [name, index + 1]));
const spread = ({ service, stages }: Work): Work => ({
  service: { ...service, agentId: agents.get(service.name)! },
  stages: stages.map((stage) => stage.map(spread)),
});
const { spans } = simulate(spread(eighteenSpans), { seed: 5, requests: 4, everyUs: 200, isLearned: true });
/** Some that others name as their cause come when nobody waits for them any more. */
const isLate = ({ observationPoint, spanId }: Span): boolean =>
  observationPoint === 's-p' && Number.parseInt(spanId, 16) % 3 === 0;
const lateAtMs = 25_000;
const messages = [
  ...spanMessages(
    spans.filter((span) => !isLate(span)),
    8,
  ),
  ...spanMessages(spans.filter(isLate), 8),
  // Several times, so that there is time left for faults when all is decided.
  ...[1, 2, 3, 4].flatMap(() => [...agents.values()].map((agentId) => batchMessage(0, lateAtMs, [], { agentId }))),
];
const expected = essence(tracesInMemory(quickConfig, spanMessages(spans, 8)));

const faults: readonly (readonly [string, FleetWeights, number])[] = [
  ['partitions go from one to another', { kill: 0, flush: 0, rebalance: 4 }, 10],
  ['Redis loses its data', { kill: 0, flush: 2, rebalance: 0 }, 25],
  ['correlators are killed', { kill: 2, flush: 0, rebalance: 0 }, 25],
  ['all of that happens', { kill: 1.5, flush: 1.5, rebalance: 3 }, 60],
];

describeWhere(sharedRedisMissing(), 'correlators, step by step in any order', () => {
  let redis: Redis;
  let runs = 0;
  beforeAll(() => {
    // A database of its own, because it loses its data.
    redis = new Redis(`${sharedRedisUrl()}/1`);
  });
  afterAll(() => redis.disconnect());

  it.for(faults)('no trace is split or mixed up when %s', async ([, weights, numRuns]) => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const config = { ...quickConfig, redisPrefix: `run${++runs}:` };
        const fleet = new SimulatedFleet(redis, config, { seed, weights, messages });
        expect(essence(await fleet.run())).toEqual(expected);
      }),
      { numRuns: propertyRuns(numRuns), endOnFailure: true },
    );
  });
});
