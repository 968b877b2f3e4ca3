import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadConfig } from '../../core/config/load-config.ts';
import { kubernetesConfig } from './config.ts';
import { kubeAccess } from './kube-access.ts';

const folder = mkdtempSync(join(tmpdir(), 'spanloom-kubeconfig-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { kubernetes } = loadConfig({}, { kubernetes: kubernetesConfig });

/** What is said of a kubeconfig, or of the path of one. */
async function problemOf(kubeconfig: string): Promise<string> {
  return kubeAccess({ ...kubernetes, kubeconfig }).then(
    () => 'none',
    (error: unknown) => (error as Error).message,
  );
}

it('a kubeconfig that cannot be used is told in one sentence that names it', async () => {
  const begin = 'The API server of Kubernetes is not known: ';
  expect(await problemOf(join(folder, 'none'))).toBe(`${begin}${folder}/none does not exist.`);
  expect(await problemOf(folder)).toBe(`${begin}${folder} is a folder, not a file.`);
  const file = join(folder, 'file');
  writeFileSync(file, Buffer.from([0, 1, 2, 3]));
  expect(await problemOf(file)).toMatch(new RegExp(`^${begin}${file} is no kubeconfig \\(.+\\)\\.$`));
  const config = {
    clusters: [{ name: 'c', cluster: { server: 'nowhere' } }],
    users: [],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
  };
  writeFileSync(file, JSON.stringify(config));
  expect(await problemOf(file)).toBe(`${begin}the kubeconfig has the address "nowhere", which is none.`);
});
