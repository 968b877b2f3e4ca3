#!/usr/bin/env node
// `npm test`: prepares everything, checks types, runs every test. Arguments are vitest's, such as a path or `-t name`.
// Ends with the line "N passed, N failed, N skipped".
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';
import { say, step } from './setup/step.mjs';

const requireAll = process.env.TEST_REQUIRE_ALL === '1';

async function main() {
  const complete = await setup(['build', 'demo', 'test']);
  if (!complete && requireAll) throw new Error('TEST_REQUIRE_ALL=1, and not everything could be built');
  const typecheck = node(['node_modules/typescript/bin/tsc', '--noEmit']);
  await step('types', async () => (typecheck === 0 ? 'checked' : 'wrong'));
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-test-'));
  const report = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const tests = node(['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...process.argv.slice(2)]);
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, success } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    console.log(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests + numTodoTests} skipped`);
    return typecheck === 0 && tests === 0 && success ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function node(args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
