/** What the shared link store remembers, for how long, and for whom, on a real Redis. */
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projectFile } from '../core/project-files.ts';
import type { LinkRequest } from '../correlator/distributed/link-request.ts';
import { openRedis } from '../correlator/distributed/open-redis.ts';
import { redisLinkOptions, RedisLinks } from '../correlator/distributed/redis-links.ts';
import { recordOf } from '../correlator/testing/records.ts';
import { callOf, lasting } from '../correlator/testing/scenario.ts';
import { hexId, testConfig } from '../correlator/testing/span-messages.ts';
import { aSpan } from '../schemas/testing/a-span.ts';
import type { Span } from '../schemas/generated/span.ts';
import { describeWhere } from './requirement.ts';
import { sharedRedisMissing, sharedRedisUrl } from './services/shared-redis.ts';

describeWhere(sharedRedisMissing(), 'the shared link store', () => {
  let redis: Redis;
  let stores = 0;
  beforeAll(() => {
    redis = new Redis(sharedRedisUrl());
  });
  afterAll(() => redis.disconnect());

  /** A store of its own, and correlators that know nothing of each other. */
  function store(): { readonly prefix: string; readonly instance: () => RedisLinks } {
    const prefix = `store${++stores}:`;
    const options = { ...redisLinkOptions(testConfig), prefix, ttlMs: 60_000 };
    return { prefix, instance: () => new RedisLinks(redis, options, () => Infinity) };
  }

  const seen = (span: Span): LinkRequest => ({ span: recordOf(span), cause: undefined, mayBeKnown: true });
  const fresh = (span: Span): LinkRequest => ({ ...seen(span), mayBeKnown: false });
  const causedBy = (request: LinkRequest, parent: LinkRequest): LinkRequest => ({
    ...request,
    cause: { parent: parent.span, reason: 'unknown', confidence: 1 },
  });
  const componentOf = async (links: RedisLinks, ...requests: readonly LinkRequest[]): Promise<string> => {
    const { components } = await links.link(requests);
    expect(new Set(components).size).toBe(1);
    return components[0]!;
  };

  it('needs no more rights than docs/deploy.md gives its user', async () => {
    const page = readFileSync(projectFile('docs', 'deploy.md'), 'utf8');
    const [, name, rights] = /^user (spanloom) (on >PASSWORD .*)$/m.exec(page)!;
    await redis.call('ACL', 'SETUSER', name!, ...rights!.split(' '));
    const login = { redisUrl: sharedRedisUrl(), redisUser: name!, redisPassword: 'PASSWORD', redisCluster: false };
    const limited = openRedis({ ...testConfig, ...login }, () => undefined);
    await new Promise((resolve) => limited.once('ready', resolve));
    const links = new RedisLinks(limited, redisLinkOptions(testConfig), () => Infinity);
    const [call, served] = callOf(1, 0, 100);
    expect(await limited.ping()).toBe('PONG');
    await links.check();
    const one = await componentOf(links, seen(served));
    expect(await componentOf(links, fresh(call))).toBe(one);
    await expect(limited.call('GET', 'of-somebody-else')).rejects.toThrow('NOPERM');
    limited.disconnect();
  });

  it('brings the ends of a call together that come to different correlators', async () => {
    const { instance } = store();
    const [call, served] = callOf(1, 0, 100);
    const one = await componentOf(instance(), fresh(served));
    const { components, moves } = await instance().link([fresh(call)]);
    // The call has the lesser id, but what is there already keeps its name.
    expect([components, moves]).toEqual([[one], []]);
  });

  it('finds each span of a batch again by its call, although only one of them has a node', async () => {
    const { instance } = store();
    const [outer, served] = callOf(1, 0, 100);
    const [inner, far] = callOf(2, 20, 80);
    const parent = fresh(served);
    const whole = await componentOf(instance(), fresh(outer), parent, causedBy(fresh(inner), parent), fresh(far));
    for (const span of [outer, served, inner, far]) expect(await componentOf(instance(), seen(span))).toBe(whole);
    for (const span of [outer, served, inner, far]) expect(await componentOf(instance(), fresh(span))).toBe(whole);
  });

  it('finds spans again that are no calls', async () => {
    const { instance } = store();
    const local = { transport: 'unix', requestTcpSequence: 0, responseTcpSequence: 0 } as const;
    const parent = fresh(aSpan({ spanId: hexId(1), observationPoint: 's-p', ...local, ...lasting(0, 10) }));
    const call = aSpan({ spanId: hexId(2), ...local, ...lasting(1, 9) });
    const whole = await componentOf(instance(), parent, causedBy(fresh(call), parent));
    expect(await componentOf(instance(), seen(call))).toBe(whole);
  });

  it('finds spans again for which there was no room under their key', async () => {
    const { instance } = store();
    const requests: LinkRequest[] = [];
    const calls: Span[] = [];
    for (let index = 0; index < 80; index++) {
      const times = lasting(index * 20_000, index * 20_000 + 10);
      const parent = fresh(aSpan({ spanId: hexId(index + 1), observationPoint: 'app', ...times }));
      const sequences = { requestTcpSequence: 7, responseTcpSequence: 8 };
      const call = aSpan({ spanId: hexId(1_000 + index), ...sequences, ...times });
      calls.push(call);
      requests.push(parent, causedBy(fresh(call), parent));
    }
    const { components } = await instance().link(requests);
    expect(new Set(components).size).toBe(80);
    // The first to come fill the key.
    await instance().link(requests);
    for (const [index, call] of calls.entries())
      expect((await instance().link([seen(call)])).components).toEqual([components[2 * index]]);
  });

  it('lets a component keep its name when spans with lesser ids come to it', async () => {
    const { instance } = store();
    const links = instance();
    const parent = fresh(aSpan({ spanId: hexId(5), observationPoint: 's-p', ...lasting(0, 10) }));
    parent.span.componentId = await componentOf(links, parent);
    const [call] = callOf(0, 1, 9);
    expect(call.spanId < parent.span.spanId).toBe(true);
    const { components, moves } = await links.link([causedBy(fresh(call), parent)]);
    expect([components, moves]).toEqual([[parent.span.componentId], []]);
  });
});
