#!/usr/bin/env node
// `npm test`: prepares everything, checks types, runs the tests that are quick. `npm run test:long`: fuzzing, and the tests
// that are long. Further arguments are vitest's, such as a path or `-t name`. Ends with "N passed, N failed, N skipped".
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runToEnd } from './setup/foreground.mjs';
import { root, setup } from './setup.mjs';
import { say, step } from './setup/step.mjs';

const requireAll = process.env.TEST_REQUIRE_ALL === '1';
const isLong = process.argv[2] === '--long';
const given = process.argv.slice(isLong ? 3 : 2);
const projects = (isLong ? ['properties', 'long'] : ['parts', 'services', 'live']).map((name) => `--project=${name}`);

async function main() {
  const complete = await setup(['build', 'demo', 'test', ...(isLong ? ['long'] : [])]);
  if (!complete && requireAll) throw new Error('TEST_REQUIRE_ALL=1, and not everything could be built');
  const before = isLong ? await fuzz() : await checkTypes();
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-test-'));
  const report = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    // The setup has just compiled what commands are started from.
    const env = { ...process.env, TEST_COMPILED: '1' };
    const tests = await node(['node_modules/vitest/vitest.mjs', 'run', ...projects, ...reporters, ...given], env);
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, success } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    console.log(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests + numTodoTests} skipped`);
    return before === 0 && tests === 0 && success ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function checkTypes() {
  let status = 1;
  await step('types', async () => {
    const known = join('node_modules', '.cache', 'spanloom', 'types.tsbuildinfo');
    const options = ['--noEmit', '--incremental', '--tsBuildInfoFile', known];
    status = await node(['node_modules/typescript/bin/tsc', ...options]);
    return status === 0 ? 'checked' : 'wrong';
  });
  return status;
}

/** Unless certain tests are asked for. */
function fuzz() {
  return given.length > 0 ? 0 : node(['--import', 'tsx', 'fuzz/main.ts', 'all', '--quick']);
}

function node(args, env = process.env) {
  return runToEnd(process.execPath, args, { cwd: root, env });
}

try {
  process.exitCode = await main();
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
