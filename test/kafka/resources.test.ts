/** Two publishers of resources at once on Kafka, without a lease: the worst that can happen to ids. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ApiServer } from '../../collector/kubernetes/testing/api-server.ts';
import { ChurnWorld } from '../../collector/kubernetes/testing/churn-world.ts';
import { ObjectStore } from '../../collector/kubernetes/testing/object-store.ts';
import type { Bus } from '../../core/bus/bus.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { Random } from '../../core/testing/random.ts';
import { publishedVersions } from '../kubernetes/published.ts';
import { startPublisher } from '../kubernetes/publisher-process.ts';
import { brokerForTests } from './test-broker.ts';

brokerForTests('resources on Kafka', (broker) => {
  let bus: Bus;
  let server: ApiServer;
  let store: ObjectStore;
  let world: ChurnWorld;

  beforeAll(async () => {
    bus = openKafkaBus({ brokers: broker().brokers, prefix: `resources-${randomUUID()}.` });
    await bus.ensureTopics([
      { name: 'resources', partitions: 3, compacted: true },
      { name: 'resource-ids', partitions: 1 },
    ]);
    const random = new Random(3);
    store = new ObjectStore();
    world = new ChurnWorld(store, random);
    server = await ApiServer.start({ store, bookmarkMs: 200 });
  });
  afterAll(async () => {
    await server.close();
    await bus.close();
  });

  it('two publishers at once never give one id to two things, and removed versions leave the topic', async () => {
    const publishers = [startPublisher({ bus, server }), startPublisher({ bus, server })];
    for (let step = 0; step < 300; step++) {
      world.step(Date.now());
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    world.settle();
    const uidsOf = (pods: readonly { readonly uid: string }[]): readonly string[] =>
      [...new Set(pods.map(({ uid }) => uid))].sort();
    const started = store
      .list('Pod')
      .filter(({ status }) => (status as { readonly phase: string }).phase !== 'Pending')
      .map(({ metadata }) => ({ uid: metadata.uid }));
    const living = async (): Promise<readonly string[]> =>
      uidsOf((await publishedVersions(bus)).filter(({ kind, validToNs }) => kind === 'pod' && validToNs === 0n));
    await expect.poll(living, { timeout: 50_000, interval: 500 }).toEqual(uidsOf(started));
    await Promise.all(publishers.map((publisher) => publisher.stop()));
    const versions = await publishedVersions(bus);
    const owners = new Map<string, string>();
    for (const { kind, id, uid } of versions) {
      expect(owners.get(`${kind} ${id}`) ?? uid).toBe(uid);
      owners.set(`${kind} ${id}`, uid);
    }
    expect(owners.size).toBeGreaterThan(40);
    const producer = await bus.producer();
    const [first] = versions;
    const key = `${first!.kind}:${first!.uid}@${first!.validFromNs}`;
    await producer.send([{ topic: 'resources', key, value: Buffer.alloc(0) }]);
    await producer.close();
    expect(await publishedVersions(bus)).toHaveLength(versions.length - 1);
  });
});
