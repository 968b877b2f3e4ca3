/**
 * What the Kubernetes source costs: `npx tsx bench/kubernetes.ts [pods]`. An API server in a process of its own has the
 * pods (100,000 by default); the publisher here lists them, and is then told of pods that start one by one.
 *
 * Prints the time until everything was listed and until it was published, memory, and the time from the moment that the
 * API server has a started pod to the moment that a reader of the topic has it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from '../collector/kubernetes/api-client.ts';
import { KubernetesSource } from '../collector/kubernetes/kubernetes-source.ts';
import { ApiServer } from '../collector/kubernetes/testing/api-server.ts';
import { ChurnWorld } from '../collector/kubernetes/testing/churn-world.ts';
import { ObjectStore } from '../collector/kubernetes/testing/object-store.ts';
import { runResources } from '../collector/resources/run.ts';
import type { Consumer } from '../core/bus/bus.ts';
import { openEmbeddedBus } from '../core/bus/embedded/embedded-bus.ts';
import { createLogger } from '../core/telemetry/logger.ts';
import { createTelemetry } from '../core/telemetry/telemetry.ts';
import { Random } from '../core/testing/random.ts';

/** From the server's process. */
type ServerMessage =
  | { readonly kind: 'ready'; readonly url: string; readonly objects: number }
  | { readonly kind: 'started'; readonly uid: string; readonly atMs: number };

type ReadyMessage = Extract<ServerMessage, { readonly kind: 'ready' }>;

const startsPerSecond = 20;
const starts = 300;

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

if (process.argv[2] === 'server') await serve(Number(process.argv[3]));
else await measure(Number(process.argv[2] ?? 100_000));

async function serve(pods: number): Promise<void> {
  const store = new ObjectStore();
  const size = { nodes: Math.ceil(pods / 50), deployments: Math.ceil(pods / 20), addresses: pods + starts };
  const world = new ChurnWorld(store, new Random(1), { ...size, managedBytes: 3_000 });
  for (let count = 0; count < pods; count++) {
    const uid = world.createPod(Date.now());
    if (uid !== undefined) world.startPod(uid, Date.now());
  }
  store.compact();
  const server = await ApiServer.start({ store, bookmarkMs: 10_000 });
  const tell = (message: ServerMessage): void => void process.send!(message);
  tell({ kind: 'ready', url: server.url.href, objects: store.size });
  process.once('message', () => {
    void (async () => {
      for (let count = 0; count < starts; count++) {
        const uid = world.createPod(Date.now())!;
        await sleep(1000 / startsPerSecond);
        const atMs = Date.now();
        world.startPod(uid, atMs);
        tell({ kind: 'started', uid, atMs });
      }
    })();
  });
}

/**
 * Reads the topic until all pods that start are there. Starts them once everything listed was published.
 *
 * @param startedAtMs by uid, when the API server had the started pod
 */
async function readStarts(
  consumer: Consumer,
  pods: number,
  startedAtMs: Map<string, number>,
  start: () => void,
): Promise<{ readonly delaysMs: number[]; readonly published: number; readonly publishedAtMs: number }> {
  const delaysMs: number[] = [];
  let published = 0;
  let lastAtMs = 0;
  let publishedAtMs = 0;
  while (delaysMs.length < starts) {
    const { messages } = await consumer.poll({ maxWaitMs: 20, maxBytes: 16 * 1024 * 1024 });
    const nowMs = Date.now();
    for (const { key } of messages) {
      published++;
      const atMs = startedAtMs.get(key.slice('pod:'.length).split('@')[0]!);
      if (atMs === undefined) continue;
      startedAtMs.delete(key.slice('pod:'.length).split('@')[0]!);
      delaysMs.push(nowMs - atMs);
    }
    if (messages.length > 0) lastAtMs = performance.now();
    if (publishedAtMs === 0 && published > pods && performance.now() - lastAtMs > 1_000) {
      publishedAtMs = lastAtMs;
      start();
    }
  }
  return { delaysMs, published, publishedAtMs };
}

/** The process with the API server, and by uid when that had each started pod. */
async function forkServer(pods: number): Promise<{
  readonly child: ChildProcess;
  readonly ready: ReadyMessage;
  readonly startedAtMs: Map<string, number>;
}> {
  const child = fork(import.meta.filename, ['server', String(pods)]);
  const startedAtMs = new Map<string, number>();
  const ready = await new Promise<ReadyMessage>((resolve) =>
    child.on('message', (message: ServerMessage) => {
      if (message.kind === 'ready') resolve(message);
      else startedAtMs.set(message.uid, message.atMs);
    }),
  );
  return { child, ready, startedAtMs };
}

async function measure(pods: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-kubernetes-'));
  const { child, ready, startedAtMs } = await forkServer(pods);
  const bus = openEmbeddedBus({ directory });
  await bus.ensureTopics([
    { name: 'resources', partitions: 1, compacted: true },
    { name: 'resource-ids', partitions: 1 },
  ]);
  const telemetry = createTelemetry({ logger: createLogger({ name: 'bench', level: 'fatal' }) });
  const stop = new AbortController();
  const beginMs = performance.now();
  let listedAfterMs = 0;
  const emit = telemetry.emit.bind(telemetry);
  telemetry.emit = (event, fields) => {
    if (event.name === 'kubernetes_synchronised') listedAfterMs = performance.now() - beginMs;
    emit(event, fields);
  };
  const rssBefore = process.memoryUsage().rss;
  const client = new ApiClient({ server: new URL(ready.url), options: () => Promise.resolve({}) });
  const config = { clusterName: 'bench', annotations: ['*'], annotationsLeftOut: [], pageSize: 500, resync: 3_600_000 };
  const running = runResources({
    config: { settle: 200, retention: 3_600_000 },
    bus,
    sources: [new KubernetesSource({ client, config, telemetry })],
    leadership: undefined,
    telemetry,
    signal: stop.signal,
  });
  let rssMaximum = 0;
  const sampling = setInterval(() => (rssMaximum = Math.max(rssMaximum, process.memoryUsage().rss)), 100);
  const consumer = await bus.consumer({ group: 'bench', topics: ['resources'] });
  const { delaysMs, published, publishedAtMs } = await readStarts(
    consumer,
    pods,
    startedAtMs,
    () => void child.send('start'),
  );
  const publishedAfterMs = publishedAtMs - beginMs;
  clearInterval(sampling);
  const rss = process.memoryUsage().rss;
  process.stdout.write(
    [
      `${pods} pods, ${ready.objects} objects`,
      `listed                      ${(listedAfterMs / 1000).toFixed(1)} s`,
      `published                   ${(publishedAfterMs / 1000).toFixed(1)} s, ${published} messages`,
      `memory before, most, after  ${megabytes(rssBefore)}, ${megabytes(rssMaximum)}, ${megabytes(rss)}`,
      `API to reader of the topic  p50 ${at(delaysMs, 0.5)} ms, p99 ${at(delaysMs, 0.99)} ms, of ${starts} starts`,
      '',
    ].join('\n'),
  );
  stop.abort();
  await running;
  await consumer.close();
  await bus.close();
  child.kill();
  rmSync(directory, { recursive: true });
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

/** The value below which this share of them is. */
function at(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
