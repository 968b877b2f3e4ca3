import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup.mjs';
import { runToEnd, withTemporaryFolder } from './foreground.mjs';

/**
 * Runs vitest, with a temporary folder of its own.
 * @param {{ program?: string, args: readonly string[], env?: Readonly<Record<string, string>> }} options the program is Node
 * @returns {Promise<{ passed: number, failed: number, skipped: number, ok: boolean }>}
 */
export function runVitest({ program = process.execPath, args, env = {} }) {
  return withTemporaryFolder(async (folder) => {
    const report = join(folder, 'report.json');
    const options = ['run', '--reporter=json', `--outputFile.json=${report}`, ...args];
    const status = await runToEnd(program, ['node_modules/vitest/vitest.mjs', ...options], {
      cwd: root,
      env: { ...process.env, ...env, TMPDIR: folder },
    });
    const result = JSON.parse(readFileSync(report, 'utf8'));
    return {
      passed: result.numPassedTests,
      failed: result.numFailedTests,
      skipped: result.numPendingTests + result.numTodoTests,
      ok: status === 0 && result.success,
    };
  });
}

/** The line that every command of tests ends with. */
export function countsLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
