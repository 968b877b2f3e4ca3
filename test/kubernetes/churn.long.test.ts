/** A real list and watch over HTTP, pods that come and go with few addresses, and every version against the truth. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiServer } from '../../collector/kubernetes/testing/api-server.ts';
import { ChurnWorld } from '../../collector/kubernetes/testing/churn-world.ts';
import { ObjectStore } from '../../collector/kubernetes/testing/object-store.ts';
import type { Bus } from '../../core/bus/bus.ts';
import { openEmbeddedBus } from '../../core/bus/embedded/embedded-bus.ts';
import { Random } from '../../core/testing/random.ts';
import { PublishedAddresses, publishedVersions } from './published.ts';
import { type Publisher, type PublisherSettings, startPublisher } from './publisher-process.ts';
import type { Resource } from '../../schemas/generated/resource.ts';

let directory: string;
let bus: Bus;
let server: ApiServer;
let store: ObjectStore;
let world: ChurnWorld;
const publishers: Publisher[] = [];
/** When nobody could see what happened: what came and went within is not known. */
const blind: { readonly fromMs: number; readonly toMs: number }[] = [];

beforeEach(async () => {
  blind.length = 0;
  directory = mkdtempSync(join(tmpdir(), 'kubernetes-'));
  bus = openEmbeddedBus({ directory });
  await bus.ensureTopics([
    { name: 'resources', partitions: 2, compacted: true },
    { name: 'resource-ids', partitions: 1 },
  ]);
  const random = new Random(7);
  store = new ObjectStore();
  world = new ChurnWorld(store, random);
  server = await ApiServer.start({ store, bookmarkMs: 100, maxWatchMs: 3_000 });
});

afterEach(async () => {
  await Promise.all(publishers.splice(0).map((publisher) => publisher.stop()));
  await server.close();
  await bus.close();
  rmSync(directory, { recursive: true });
});

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Starts a publisher and waits until it watches: what was there and is gone before that is never known. */
async function begin(settings: Partial<PublisherSettings> = {}): Promise<void> {
  const before = server.counts.watches;
  publishers.push(startPublisher({ bus, server, ...settings }));
  while (server.counts.watches < before + 12) await sleep(10);
}

async function churn(forMs: number): Promise<void> {
  const endMs = Date.now() + forMs;
  while (Date.now() < endMs) {
    world.step(Date.now());
    await sleep(5);
  }
}

/** Waits until what is published has settled, and reads it. */
async function settled(): Promise<readonly Resource[]> {
  world.settle();
  for (let before = -1; ;) {
    await sleep(600);
    const versions = await publishedVersions(bus);
    const living = versions.filter(({ kind, validToNs }) => kind === 'pod' && validToNs === 0n).map(({ uid }) => uid);
    if (versions.length === before && String([...new Set(living)].sort()) === String(started(store))) return versions;
    before = versions.length;
  }
}

/** Pods that should live, by their sorted uids: those that have started and were not deleted. */
function started(objects: ObjectStore): readonly string[] {
  const pods = objects.list('Pod').filter(({ status }) => (status as { phase: string }).phase !== 'Pending');
  return pods.map(({ metadata }) => metadata.uid).sort();
}

/** Every tenure is covered as a whole, and no address is ever told to be a pod's while another had it. */
function expectTruth(versions: readonly Resource[], lateMs: number): void {
  const addresses = new PublishedAddresses(versions);
  const wrong: string[] = [];
  const tenures = world.truth.tenures.filter(
    ({ podUid, address, fromMs, toMs = Infinity }) =>
      addresses.of(address).some(({ uid }) => uid === podUid) ||
      !blind.some((window) => window.fromMs <= fromMs && toMs <= window.toMs),
  );
  let sure = 0;
  let samples = 0;
  for (const tenure of tenures) {
    const { podUid, address, fromMs, toMs = Date.now() } = tenure;
    for (let step = 0; step <= 20; step++) {
      const timeMs = fromMs + Math.max(0, toMs - fromMs - 1) * (step / 20);
      if (timeMs >= toMs) continue;
      const claimed = addresses.at(timeMs, address);
      samples++;
      if (!claimed.includes(podUid))
        wrong.push(`${tenure.podName} is not said to have ${address} at ${timeMs - fromMs} of ${toMs - fromMs} ms`);
      else if (claimed.length === 1) sure++;
    }
    for (const { uid, fromMs: from, toMs: to } of addresses.of(address)) {
      if (uid !== podUid) continue;
      // Whole seconds, cut off.
      if (from < Math.floor(fromMs / 1000) * 1000) wrong.push(`${tenure.podName} has ${address} too early`);
      if (tenure.toMs !== undefined && to > tenure.toMs + lateMs)
        wrong.push(`${tenure.podName} has ${address} ${to - tenure.toMs} ms too long`);
    }
  }
  expect(wrong.slice(0, 10)).toEqual([]);
  expect(tenures.length).toBeGreaterThan(20);
  expect(samples).toBeGreaterThan(400);
  expect(sure / samples).toBeGreaterThan(0.1);
}

/** One id of a kind is one thing, and the other way round. */
function expectIds(versions: readonly Resource[]): void {
  const uids = new Map<string, string>();
  const ids = new Map<string, number>();
  for (const { kind, id, uid } of versions) {
    expect(uids.get(`${kind} ${id}`) ?? uid, `${kind} ${id}`).toBe(uid);
    expect(ids.get(`${kind} ${uid}`) ?? id, `${kind} ${uid}`).toBe(id);
    uids.set(`${kind} ${id}`, uid);
    ids.set(`${kind} ${uid}`, id);
  }
}

describe('pods that come and go', () => {
  test('every address is told to be of the pod that had it, in a quiet network', async () => {
    await begin();
    await churn(5_000);
    const versions = await settled();
    expectTruth(versions, 1_500);
    expectIds(versions);
  });

  test('and when watches are cut, slow and told that their version is gone', async () => {
    await begin({ resyncMs: 2_000 });
    for (let round = 0; round < 4; round++) {
      await churn(500);
      server.cutWatches();
      await churn(500);
      blind.push({ fromMs: Date.now() - 300, toMs: Date.now() + 1_000 });
      store.compact();
      server.goneAsEvent = round % 2 === 0;
      server.cutWatches();
      await churn(500);
      // Not so slow that it falls behind: what it has not told when a watch ends is lost.
      server.slowMs = round % 2 === 0 ? 2 : 0;
      server.tellGone();
      server.forgetSnapshots();
      await churn(500);
    }
    server.slowMs = 0;
    const versions = await settled();
    expect(server.counts.gone).toBeGreaterThan(3);
    expectTruth(versions, 5_000);
    expectIds(versions);
  });

  test('and when the API server is away for a while, with and without the events in between', async () => {
    await begin();
    // Long enough beside what nobody watches, where ends are told late and addresses have several claimants.
    await churn(4_000);
    server.goAway();
    await churn(2_000);
    const { watches } = server.counts;
    server.comeBack();
    while (server.counts.watches < watches + 12) await churn(100);
    await churn(4_000);
    server.goAway();
    const awayAtMs = Date.now();
    await churn(2_000);
    store.compact();
    server.comeBack();
    await churn(500);
    blind.push({ fromMs: awayAtMs, toMs: Infinity });
    const versions = await settled();
    expectTruth(versions, 12_000);
    expectIds(versions);
  });

  test('and when another publisher goes on after a restart: ids stay, and nothing is published again', async () => {
    await begin();
    await churn(2_000);
    await settled();
    await publishers.pop()!.stop();
    const before = await publishedVersions(bus);
    await begin();
    await sleep(1_500);
    expect(await publishedVersions(bus)).toEqual(before);
    await publishers.pop()!.stop();
    // What was told last had not settled yet.
    const endedAtMs = Date.now() - 200;
    await churn(1_500);
    await begin();
    blind.push({ fromMs: endedAtMs, toMs: Date.now() + 1_000 });
    await churn(1_000);
    const versions = await settled();
    expectTruth(versions, 5_000);
    expectIds(versions);
  });
});

describe('two instances', () => {
  test('one of them publishes; when it ends, the other goes on', async () => {
    const names = ['one', 'two'];
    const before = server.counts.watches;
    publishers.push(...names.map((identity) => startPublisher({ bus, server, identity })));
    while (server.counts.watches < before + 12) await sleep(10);
    await churn(2_000);
    expect(publishers.filter(({ leads }) => leads())).toHaveLength(1);
    const leader = publishers.findIndex(({ leads }) => leads());
    blind.push({ fromMs: Date.now() - 200, toMs: Date.now() + 2_500 });
    await publishers.splice(leader, 1)[0]!.stop();
    await churn(3_000);
    expect(publishers[0]!.leads()).toBe(true);
    const versions = await settled();
    expectTruth(versions, 6_000);
    expectIds(versions);
  });

  test('both at once, without a lease, never give one id to two things', async () => {
    await begin();
    await begin();
    await churn(4_000);
    await settled();
    // Each reads the other some seconds later at the latest.
    await sleep(6_000);
    const versions = await publishedVersions(bus);
    const owners = new Map<string, string>();
    for (const { kind, id, uid } of versions) {
      expect(owners.get(`${kind} ${id}`) ?? uid).toBe(uid);
      owners.set(`${kind} ${id}`, uid);
    }
    expectTruth(versions, 6_000);
  });
});
