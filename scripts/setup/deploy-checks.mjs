import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './step.mjs';
import { digestOf } from './stamps.mjs';

const folder = join('node_modules', '.cache', 'spanloom', 'bin');

/** Programs that check what is deployed, relative to the project's root. */
const programs = ['helm', 'manifests', 'compose'].map((name) => join(folder, name));

/**
 * Builds Helm, and strict readers of what it renders and of compose files, at the versions in deploy/check/go.sum. Two
 * minutes when Go has never compiled them before, seconds otherwise.
 *
 * @param {string} root
 * @param {import('./stamps.mjs').Stamps} stamps
 * @returns {Promise<string>} what was done
 */
export async function buildDeployChecks(root, stamps) {
  if (!command('go')) return 'left out, there is no Go; some tests of deploy/ will be skipped';
  const source = join('deploy', 'check');
  const digest = digestOf(root, [source], () => true);
  if (stamps.isCurrent('deploy checks', digest, programs)) return 'up to date';
  mkdirSync(join(root, folder), { recursive: true });
  const packages = ['helm.sh/helm/v3/cmd/helm', './manifests', './compose'];
  await run('go', ['build', '-ldflags=-s -w', '-o', `${join(root, folder)}/`, ...packages], {
    cwd: join(root, source),
  });
  stamps.save('deploy checks', digest);
  return 'built';
}

function command(name) {
  return (process.env.PATH ?? '').split(':').some((directory) => directory !== '' && existsSync(join(directory, name)));
}
