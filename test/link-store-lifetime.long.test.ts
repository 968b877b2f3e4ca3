/** For how long the shared link store remembers what it is told, by the clock of a real Redis. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import type { LinkRequest } from '../correlator/distributed/link-request.ts';
import { redisLinkOptions, RedisLinks } from '../correlator/distributed/redis-links.ts';
import { recordOf } from '../correlator/testing/records.ts';
import { redisMissing, startRedis } from '../core/testing/redis-server.ts';
import { callOf } from '../correlator/testing/scenario.ts';
import { testConfig } from '../correlator/testing/span-messages.ts';
import { describeWhere } from './requirement.ts';

/** Long beside what a busy machine takes for a step. */
const ttlMs = 2_000;
const pauseMs = ttlMs / 2;
const prefix = 'lifetime:';

describeWhere(redisMissing(), 'the shared link store', () => {
  it('remembers what is used for as long as it should, and forgets the rest', async () => {
    const server = await startRedis();
    const redis = new Redis(server.url);
    try {
      const options = { ...redisLinkOptions(testConfig), prefix, ttlMs };
      /** As a correlator that knows nothing of the others. */
      const componentOf = async (request: LinkRequest): Promise<string> =>
        (await new RedisLinks(redis, options, () => Infinity).link([request])).components[0]!;
      const [call, served] = callOf(1, 0, 100);
      const seen: LinkRequest = { span: recordOf(served), cause: undefined, mayBeKnown: true };
      const whole = await componentOf({ ...seen, mayBeKnown: false });
      for (let round = 0; round < 5; round++) {
        await sleep(pauseMs);
        expect(await componentOf(seen)).toBe(whole);
      }
      await sleep(pauseMs);
      const late = await componentOf({ span: recordOf(call), cause: undefined, mayBeKnown: false });
      expect(await componentOf(seen)).toBe(late);
      // Nodes last twice as long as links, and both as long again.
      await sleep(6 * ttlMs);
      const left = await redis.keys(`{${prefix}*`);
      expect(left.filter((key) => !key.endsWith('began'))).toEqual([]);
    } finally {
      redis.disconnect();
      await server.dispose();
    }
  });
});
