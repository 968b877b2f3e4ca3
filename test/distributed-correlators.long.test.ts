/** Several correlators over a real Redis: however many, and whatever happens to them, the traces are those of one. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeWhere } from './requirement.ts';
import type { OutgoingMessage } from '../core/bus/bus.ts';
import { DistributedRun, essence, quickConfig, spanMessages } from '../correlator/testing/distributed-run.ts';
import { redisMissing, type RedisUnderTest, startRedis } from '../core/testing/redis-server.ts';
import { eighteenSpans, simulate } from '../correlator/testing/simulated-services.ts';
import { tracesInMemory } from '../correlator/testing/traces-in-memory.ts';

const requests = 120;
function messagesOf(withRequestIds: boolean): readonly OutgoingMessage[] {
  const { spans } = simulate(eighteenSpans, { seed: 11, requests, everyUs: 200, isLearned: true, withRequestIds });
  return spanMessages(spans, 90);
}

const suites = [
  ['one Redis', 1, true],
  ['a Redis Cluster', 3, false],
] as const;
for (const [name, nodes, withRequestIds] of suites)
  describeWhere(redisMissing(), `correlators over ${name}`, () => {
    const messages = messagesOf(withRequestIds);
    const expected = essence(tracesInMemory(quickConfig, messages));
    let redis: RedisUnderTest;
    let run: DistributedRun;
    beforeAll(async () => {
      redis = await startRedis(nodes);
    });
    afterAll(() => redis.dispose());
    afterEach(() => run.close());

    async function start(instances: number): Promise<void> {
      run = new DistributedRun(redis);
      await run.open();
      for (let instance = 0; instance < instances; instance++) run.startInstance();
    }

    it('one gives the traces of a correlator in memory', async () => {
      await start(1);
      await run.send(messages);
      const traces = await run.settled();
      expect(traces).toHaveLength(requests);
      expect(essence(traces)).toEqual(expected);
    });

    it('three give the same', async () => {
      await start(3);
      await run.send(messages);
      expect(essence(await run.settled())).toEqual(expected);
    });

    it('instances that come and go change nothing', async () => {
      await start(2);
      for (let from = 0; from < messages.length; from += 8) {
        await run.send(messages.slice(from, from + 8));
        await sleep(150);
        if (from % 16 === 0) run.startInstance();
        else await run.stopInstance();
      }
      expect(essence(await run.settled())).toEqual(expected);
    });

    it('while Redis is away they wait, and nothing is lost or split although it comes back empty', async () => {
      await start(2);
      const half = Math.floor(messages.length / 2);
      await run.send(messages.slice(0, half));
      await sleep(1_000);
      await redis.kill();
      await run.send(messages.slice(half));
      await sleep(1_500);
      await redis.start();
      expect(essence(await run.settled(6_000))).toEqual(expected);
    });

    it('what links spans may vanish in the middle of the work', async () => {
      await start(2);
      for (let from = 0; from < messages.length; from += 6) {
        await run.send(messages.slice(from, from + 6));
        await redis.flush();
        await sleep(100);
      }
      expect(essence(await run.settled())).toEqual(expected);
    });
  });
