/** `spanloom resources` as it is deployed: two processes, a kubeconfig, and one of them is killed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ApiServer } from '../../collector/kubernetes/testing/api-server.ts';
import { ChurnWorld } from '../../collector/kubernetes/testing/churn-world.ts';
import { ObjectStore } from '../../collector/kubernetes/testing/object-store.ts';
import { openEmbeddedBus } from '../../core/bus/embedded/embedded-bus.ts';
import { Random } from '../../core/testing/random.ts';
import { publishedVersions } from '../kubernetes/published.ts';
import { type RunningCommand, startSpanloom, untilSays } from './spanloom.ts';

let folder: string;
let server: ApiServer;
let world: ChurnWorld;
const running: RunningCommand[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanloom-resources-'));
  const store = new ObjectStore();
  const random = new Random(5);
  world = new ChurnWorld(store, random);
  server = await ApiServer.start({ store });
});
afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all(running.splice(0).map(({ ended }) => ended));
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs until it serves; its address. */
async function start(): Promise<{ readonly command: RunningCommand; readonly url: string }> {
  const kubeconfig = join(folder, 'kubeconfig.yaml');
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server: server.url.href, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'test', user: { token: 'secret-token' } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      'current-context': 'test',
    }),
  );
  const command = startSpanloom(['resources'], {
    SPANLOOM_DATA_DIR: folder,
    SPANLOOM_METRICS_PORT: '0',
    SPANLOOM_RESOURCES_KUBERNETES_ENABLED: 'true',
    SPANLOOM_RESOURCES_KUBERNETES_KUBECONFIG: kubeconfig,
    SPANLOOM_RESOURCES_KUBERNETES_LEASE_DURATION: '2s',
  });
  running.push(command);
  const [, url] = await untilSays(command, /Metrics are at (\S+)\/metrics/);
  return { command, url: url! };
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`it did not happen; the processes said:\n${running.map((each) => each.errors()).join('\n')}`);
}

const isReady = async (url: string): Promise<boolean> => (await fetch(`${url}/readyz`)).ok;

async function livingPods(): Promise<number> {
  const bus = openEmbeddedBus({ directory: join(folder, 'log') });
  const versions = await publishedVersions(bus);
  await bus.close();
  return versions.filter(({ kind, validToNs }) => kind === 'pod' && validToNs === 0n).length;
}

it('two instances are ready, one publishes, and when it is killed the other goes on', async () => {
  const instances = [await start(), await start()];
  for (const { url } of instances) await until(() => isReady(url));
  const uid = world.createPod(Date.now())!;
  world.startPod(uid, Date.now());
  await until(async () => (await livingPods()) === 1);
  const leads = instances.map(({ command }) => command.errors().includes('resources_leading'));
  expect(leads.filter(Boolean)).toHaveLength(1);
  const [leader, other] = leads[0]! ? instances : instances.toReversed();
  expect(leader!.command.errors()).not.toContain('secret-token');
  const metrics = await (await fetch(`${leader!.url}/metrics`)).text();
  expect(metrics).toMatch(/^spanloom_resources_living [1-9]/m);
  expect(metrics).toMatch(/^spanloom_stage_emitted_total\{stage="resources"\} [1-9]/m);
  leader!.command.child.kill('SIGKILL');
  await until(() => other!.command.errors().includes('resources_leading'));
  world.startPod(world.createPod(Date.now())!, Date.now());
  await until(async () => (await livingPods()) === 2);
  other!.command.child.kill('SIGTERM');
  expect(await other!.command.ended).toBe(0);
});
