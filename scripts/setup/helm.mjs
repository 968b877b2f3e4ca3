import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './step.mjs';
import { digestOf } from './stamps.mjs';

const folder = join('node_modules', '.cache', 'spanloom', 'bin');

/** Programs that check the Helm chart, relative to the project's root. */
export const helmPrograms = { helm: join(folder, 'helm'), check: join(folder, 'check') };

/**
 * Builds Helm and the strict reader of what it renders, at the versions in deploy/helm/check/go.sum. Two minutes when
 * Go has never compiled them before, seconds otherwise.
 *
 * @param {string} root
 * @param {import('./stamps.mjs').Stamps} stamps
 * @returns {Promise<string>} what was done
 */
export async function buildHelm(root, stamps) {
  if (!command('go')) return 'left out, there is no Go; tests of the chart will be skipped';
  const source = join('deploy', 'helm', 'check');
  const digest = digestOf(root, [source], () => true);
  if (stamps.isCurrent('helm', digest, Object.values(helmPrograms))) return 'up to date';
  mkdirSync(join(root, folder), { recursive: true });
  const packages = ['helm.sh/helm/v3/cmd/helm', '.'];
  await run('go', ['build', '-ldflags=-s -w', '-o', `${join(root, folder)}/`, ...packages], {
    cwd: join(root, source),
  });
  stamps.save('helm', digest);
  return 'built';
}

function command(name) {
  return (process.env.PATH ?? '').split(':').some((directory) => directory !== '' && existsSync(join(directory, name)));
}
