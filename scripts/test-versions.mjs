#!/usr/bin/env node
// `npm run test:versions`: tests on newer releases of Node, which npm brings as packages. What was built is used as it is:
// the addon goes by Node-API. Arguments are vitest's, instead of the folders below. Ends with "N passed, N failed, N skipped".
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';
import { run, say, step } from './setup/step.mjs';
import { countsLine, runVitest } from './setup/vitest.mjs';

const releases = ['22', '24'];

/** What touches Node: native addons, files, processes, sockets, streams, workers, cryptography. All else only computes. */
const folders = ['core/', 'native/', 'schemas/', 'collector/'];
/** How many inputs are tried says nothing about a release. */
const leftOut = '**/*.{property,properties}.test.ts';

/** The program of a release, kept beside what else is downloaded. */
async function programOf(release) {
  const folder = join(root, 'node_modules', '.cache', 'spanloom', `node-${release}`);
  const name = `node-${process.platform}-${process.arch}`;
  const program = join(folder, 'node_modules', name, 'bin', 'node');
  await step(`Node ${release}`, async () => {
    if (existsSync(program)) return 'all there';
    await run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, `${name}@${release}`]);
    return 'installed';
  });
  return program;
}

async function main() {
  const given = process.argv.slice(2);
  const chosen = given.length > 0 ? given : [...folders, `--exclude=${leftOut}`];
  const args = ['--project=parts', '--reporter=dot', ...chosen];
  const results = [];
  for (const release of releases) results.push(await runVitest({ program: await programOf(release), args }));
  const sum = (name) => results.reduce((total, result) => total + result[name], 0);
  console.log(countsLine({ passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }));
  return results.every(({ ok }) => ok) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
