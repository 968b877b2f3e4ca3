#!/usr/bin/env node
// `npm test`: prepares everything, checks types, runs the tests that are quick. `npm run test:long`: the tests that are long,
// beside them fuzzing. Further arguments are vitest's, such as a path or `-t name`. Ends with "N passed, N failed, N skipped".
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd, withTemporaryFolder } from './setup/foreground.mjs';
import { root, setup } from './setup.mjs';
import { say, step } from './setup/step.mjs';
import { countsLine, runVitest } from './setup/vitest.mjs';

const requireAll = process.env.TEST_REQUIRE_ALL === '1';
const isLong = process.argv[2] === '--long';
const given = process.argv.slice(isLong ? 3 : 2);
const projects = (isLong ? ['properties', 'long'] : ['parts', 'services', 'live']).map((name) => `--project=${name}`);

async function main() {
  const complete = await setup(['build', 'demo', 'test', ...(isLong ? ['long'] : [])]);
  if (!complete && requireAll) throw new Error('TEST_REQUIRE_ALL=1, and not everything could be built');
  const beside = isLong ? fuzz() : checkTypes();
  const args = ['--reporter=default', ...projects, ...given];
  // The setup has just compiled what commands are started from.
  const [other, tests] = await allEnded([beside, runVitest({ args, env: { TEST_COMPILED: '1' } })]);
  if (isLong) console.log(other.output);
  console.log(countsLine(tests));
  if (!other.ok) console.log(isLong ? 'fuzzing has a finding, see above' : 'types are wrong, see above');
  return other.ok && tests.ok ? 0 : 1;
}

/** Results of what runs side by side, once all of it has ended. */
async function allEnded(running) {
  await Promise.allSettled(running);
  return Promise.all(running);
}

async function checkTypes() {
  let status = 1;
  await step('types', async () => {
    status = await runToEnd('npm', ['run', '--silent', 'typecheck'], { cwd: root });
    return status === 0 ? 'checked' : 'wrong';
  });
  return { ok: status === 0 };
}

/** Takes what the tests leave of the processors: they hold brokers that are killed to their deadlines. */
async function fuzz() {
  if (given.length > 0) return { ok: true, output: '' };
  const args = ['-n', '10', process.execPath, '--import', 'tsx', 'fuzz/main.ts', 'all', '--quick'];
  return withTemporaryFolder(async (folder) => {
    const path = join(folder, 'fuzz');
    const file = openSync(path, 'w');
    const status = await runToEnd('nice', args, { cwd: root, stdio: ['ignore', file, file] });
    closeSync(file);
    return { ok: status === 0, output: readFileSync(path, 'utf8').trimEnd() };
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
