import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'spanloom-signals-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let child: ChildProcess | undefined;
afterEach(() => child?.kill('SIGKILL'));

/** A process that has the engine open, and says when it has answered for the last time. */
async function withEngine(reopens: boolean): Promise<ChildProcess> {
  const module = JSON.stringify(join(import.meta.dirname, 'embedded.ts'));
  const program = `
    import { openEmbeddedClickHouse } from ${module};
    const open = async () => {
      const clickHouse = openEmbeddedClickHouse({ directory: ${JSON.stringify(join(folder, 'data'))} });
      await clickHouse.select('SELECT 1');
      await clickHouse.select('SELECT nothing').catch(() => undefined);
      return clickHouse;
    };
    let clickHouse = await open();
    if (${reopens}) {
      await clickHouse.close();
      clickHouse = await open();
    }
    process.stdout.write('open');
    setInterval(() => {}, 1000);`;
  const started = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  await Promise.race([
    once(started.stdout, 'data'),
    once(started, 'exit').then(() => Promise.reject(new Error('The engine did not start.'))),
  ]);
  return started;
}

describe('a process with the embedded ClickHouse', () => {
  it.each(['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV', 'SIGSYS', 'SIGTRAP'] as const)(
    'ends by %s instead of hanging, so that a supervisor starts it again',
    async (signal) => {
      const process = await withEngine(false);
      const ended = once(process, 'exit');
      process.kill(signal);
      expect(await ended).toEqual([null, signal]);
    },
  );

  it('does so too when the engine was started for the second time', async () => {
    const process = await withEngine(true);
    const ended = once(process, 'exit');
    process.kill('SIGSEGV');
    expect(await ended).toEqual([null, 'SIGSEGV']);
  });
});
