import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiClient } from './api-client.ts';
import { Lease } from './lease.ts';
import { ApiServer } from './testing/api-server.ts';
import { ObjectStore } from './testing/object-store.ts';

let server: ApiServer;
const stops: AbortController[] = [];
const running: Promise<void>[] = [];
/** Who acts now. */
const acting = new Set<string>();
let overlaps = 0;

beforeEach(async () => {
  server = await ApiServer.start({ store: new ObjectStore() });
  overlaps = 0;
  acting.clear();
});

afterEach(async () => {
  for (const stop of stops.splice(0)) stop.abort();
  await Promise.all(running.splice(0));
  await server.close();
});

function start(identity: string, client = new ApiClient(server.access)): AbortController {
  const lease = new Lease({
    ...{ client, namespace: 'default', name: 'lease', identity, durationMs: 900 },
    onChange: () => undefined,
    onFailure: () => undefined,
    onTurn: () => undefined,
    onAnswer: () => undefined,
  });
  const stop = new AbortController();
  const act = (leading: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (acting.size > 0) overlaps++;
      acting.add(identity);
      const end = (): void => {
        acting.delete(identity);
        resolve();
      };
      if (leading.aborted) end();
      else leading.addEventListener('abort', end, { once: true });
    });
  stops.push(stop);
  running.push(lease.lead(act, stop.signal));
  return stop;
}

async function until(condition: () => boolean): Promise<number> {
  const startMs = performance.now();
  while (!condition()) {
    if (performance.now() - startMs > 10_000) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return performance.now() - startMs;
}

test('of those who write at the same moment, one leads', async () => {
  const waiting: (() => void)[] = [];
  server.beforeLeaseWrite = () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length < 3) return;
      server.beforeLeaseWrite = () => Promise.resolve();
      for (const go of waiting) go();
    });
  for (const identity of ['a', 'b', 'c']) start(identity);
  await until(() => acting.size === 1);
  expect(server.counts.leaseConflicts).toBe(2);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(acting.size).toBe(1);
  expect(overlaps).toBe(0);
});

test('who ends gives the lease up, and another leads at once', async () => {
  const first = start('a');
  await until(() => acting.has('a'));
  start('b');
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  expect(acting.has('b')).toBe(false);
  first.abort();
  await until(() => acting.has('b'));
  expect(overlaps).toBe(0);
});

test('who cannot renew stops before another begins', async () => {
  const client = new ApiClient(server.access);
  const json = client.json.bind(client);
  let isAway = false;
  // As a connection over which nothing comes any more.
  client.json = (request) =>
    isAway
      ? new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(new Error('aborted'))))
      : json(request);
  start('a', client);
  await until(() => acting.has('a'));
  start('b');
  isAway = true;
  await until(() => acting.has('b'));
  expect(acting.has('a')).toBe(false);
  expect(overlaps).toBe(0);
});
