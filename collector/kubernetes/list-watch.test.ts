import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sleepByTimer } from '../../core/stage/retry.ts';
import { ApiClient, type ApiError } from './api-client.ts';
import { listAndWatch } from './list-watch.ts';
import { textAt } from './json.ts';
import { objectKinds } from './object-kinds.ts';
import { ApiServer } from './testing/api-server.ts';
import { ObjectStore } from './testing/object-store.ts';

let server: ApiServer;
let store: ObjectStore;
let stop: AbortController;
let running: Promise<void>;
/** What a follower knows: names of pods with their versions. */
let known: Map<string, string>;
let failures: ApiError[];

beforeEach(async () => {
  store = new ObjectStore();
  stop = new AbortController();
  running = Promise.resolve();
  known = new Map();
  failures = [];
  server = await ApiServer.start({ store, bookmarkMs: 50 });
});

afterEach(async () => {
  stop.abort();
  await running;
  await server.close();
});

function follow(url = server.url): void {
  let listed: unknown[] = [];
  const put = (object: unknown): void =>
    void known.set(textAt(object, 'metadata', 'name'), textAt(object, 'metadata', 'resourceVersion'));
  running = listAndWatch(
    {
      client: new ApiClient({ server: url, options: () => Promise.resolve({}) }),
      path: objectKinds.Pod.path,
      pageSize: 10,
      resyncMs: 600_000,
      signal: stop.signal,
      // The order is what counts here, not the pauses.
      sleep: (_, signal) => sleepByTimer(5, signal),
      random: () => 0.5,
      now: () => performance.now(),
    },
    {
      listBegins: () => (listed = []),
      page: (objects) => void listed.push(...objects),
      listed() {
        known.clear();
        listed.forEach(put);
      },
      put,
      removed: (object) => void known.delete(textAt(object, 'metadata', 'name')),
      failed: (error) => void failures.push(error),
      recovered: () => undefined,
    },
  );
}

async function untilSame(): Promise<void> {
  const startMs = performance.now();
  for (;;) {
    const truth = new Map(store.list('Pod').map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
    if (truth.size === known.size && [...truth].every(([name, version]) => known.get(name) === version)) return;
    if (performance.now() - startMs > 5_000) {
      expect(known).toEqual(truth);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function addPods(count: number): void {
  for (let index = 0; index < count; index++) store.put('Pod', { metadata: { name: `pod-${store.resourceVersion}` } });
}

test('everything is listed in pages, then watched', async () => {
  addPods(35);
  follow();
  await untilSame();
  expect(server.counts).toMatchObject({ lists: 1, pages: 4 });
  addPods(3);
  store.delete('Pod', store.list('Pod')[0]!.metadata.uid);
  await untilSame();
  expect(server.counts.lists).toBe(1);
});

test('a watch that is cut within an object goes on where it was: nothing is listed again', async () => {
  addPods(5);
  follow();
  await untilSame();
  for (let round = 0; round < 5; round++) {
    server.cutWatches();
    addPods(4);
    await untilSame();
  }
  expect(failures.length).toBeGreaterThanOrEqual(3);
  expect(server.counts.lists).toBe(1);
});

test('events while the server is away are told when it is back, and listed where they are too old', async () => {
  addPods(5);
  follow();
  await untilSame();
  server.goAway();
  addPods(5);
  await new Promise((resolve) => setTimeout(resolve, 100));
  server.comeBack();
  await untilSame();
  expect(server.counts.lists).toBe(1);
  for (const goneAsEvent of [false, true]) {
    server.goneAsEvent = goneAsEvent;
    server.goAway();
    addPods(1);
    store.delete('Pod', store.list('Pod')[0]!.metadata.uid);
    store.compact();
    server.comeBack();
    await untilSame();
  }
  expect(server.counts.lists).toBe(3);
});

test('bookmarks keep a watch from being too old when nothing happens', async () => {
  addPods(2);
  follow();
  await untilSame();
  for (let index = 0; index < 10; index++) store.put('Node', { metadata: { name: `node-${index}` } });
  const { bookmarks } = server.counts;
  // The next may say less, if it was on its way.
  while (server.counts.bookmarks < bookmarks + 3) await new Promise((resolve) => setTimeout(resolve, 5));
  store.compact();
  server.cutWatches();
  addPods(1);
  await untilSame();
  expect(server.counts).toMatchObject({ lists: 1, gone: 0 });
});

test('a list whose pages expire is begun anew', async () => {
  addPods(35);
  const timer = setInterval(() => server.forgetSnapshots(), 1);
  follow();
  await new Promise((resolve) => setTimeout(resolve, 50));
  clearInterval(timer);
  await untilSame();
  expect(known.size).toBe(35);
});

test('answers that are no JSON, or not of Kubernetes, are failures and not the end', async () => {
  const answers = [
    '',
    '<html>',
    '7',
    '{"items":7}',
    '{"items":[],"metadata":{"resourceVersion":"1"}}',
    '{"type":7}\n[]\n',
  ];
  let index = 0;
  const strange = createServer((_, response) => response.end(answers[index++ % answers.length]));
  await new Promise<void>((resolve) => strange.listen(0, '127.0.0.1', resolve));
  follow(new URL(`http://127.0.0.1:${(strange.address() as AddressInfo).port}`));
  while (failures.length < answers.length) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  await running;
  expect(index).toBeGreaterThanOrEqual(answers.length);
  strange.close();
  strange.closeAllConnections();
});
