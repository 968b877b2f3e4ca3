import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { addonPath } from '../../native/load.ts';
import { exitCodes } from './exit-codes.ts';

it('a reader that is slow gets everything', async () => {
  const program = `import { runQuestion } from ${JSON.stringify(join(import.meta.dirname, 'run-command.ts'))};
    await runQuestion(async () => void process.stdout.write('x'.repeat(1e6)));
    process.stderr.write('done');`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program]);
  await new Promise((resolve) => child.stderr.once('data', resolve));
  // Longer than the process lingers.
  await new Promise((resolve) => setTimeout(resolve, 1_300));
  let bytes = 0;
  for await (const chunk of child.stdout) bytes += (chunk as Buffer).length;
  expect(bytes).toBe(1e6);
});

const hasAddon = existsSync(addonPath);
if (!hasAddon) {
  if (process.env['TEST_REQUIRE_ALL'] === '1') throw new Error('the end of a process needs the native addon');
  console.warn('skipped: the end of a process; the native addon has not been built');
}

describe.runIf(hasAddon)('a process one of whose threads never returns', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-command-'));
  const fifo = join(folder, 'fifo');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A command with a thread that waits for a writer of a FIFO; it prints a line, and then does something. */
  function stuck(then: string): ReturnType<typeof spawn> {
    if (!existsSync(fifo)) execFileSync('mkfifo', [fifo]);
    const path = (file: string): string => JSON.stringify(join(import.meta.dirname, file));
    const program = `import { open } from 'node:fs';
      import { PipelineError } from ${path('../../core/errors.ts')};
      import { runCommand } from ${path('run-command.ts')};
      process.on('exit', () => process._rawDebug('tidied up'));
      await runCommand(async (signal) => {
        open(${JSON.stringify(fifo)}, 'r', () => undefined);
        ${then}
      });`;
    return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    return text;
  }

  it('ends when it is cut off, and tidies up before', async () => {
    const child = stuck(`throw new PipelineError('SHUTDOWN_TIMEOUT', 'It did not end.');`);
    const [ended, errors] = await Promise.all([once(child, 'exit'), textOf(child.stderr!)]);
    expect(ended).toEqual([exitCodes.failure, null]);
    expect(errors).toBe('spanloom: It did not end.\ntidied up\n');
  });

  it('ends at a second signal', async () => {
    const child = stuck(`
      const keepAlive = setInterval(() => undefined, 1000);
      signal.addEventListener('abort', () => process.stdout.write('first\\n'));
      process.stdout.write('runs\\n');
      await new Promise(() => undefined);`);
    child.stdout!.on('data', () => child.kill('SIGTERM'));
    expect(await once(child, 'exit')).toEqual([128 + constants.signals.SIGTERM, null]);
  });
});
