import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { addonPath } from '../../native/load.ts';
import { startWatchdog } from './watchdog.ts';

const limitMs = 400;
const folder = mkdtempSync(join(tmpdir(), 'spanloom-watchdog-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let child: ChildProcess | undefined;
afterEach(() => child?.kill('SIGKILL'));

/** A process that prints a line a turn, and then does something. Nobody reads what it writes to standard error at first. */
function watched(then: string, limit = limitMs): ChildProcess {
  const program = `
    import { startWatchdog } from ${JSON.stringify(join(import.meta.dirname, 'watchdog.ts'))};
    import { readFileSync } from 'node:fs';
    if (startWatchdog(${limit}).problem !== undefined) throw new Error('no watchdog');
    let turns = 0;
    setInterval(() => {
      process.stdout.write('turn\\n');
      if (++turns === 3) { ${then} }
    }, 20);`;
  return (child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'pipe'],
  }));
}

async function textOf(stream: NonNullable<ChildProcess['stderr']>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

const hasAddon = existsSync(addonPath);
if (!hasAddon) {
  if (process.env['TEST_REQUIRE_ALL'] === '1') throw new Error('the watchdog needs the native addon');
  console.warn('skipped: the watchdog; the native addon has not been built');
}

describe.runIf(hasAddon)('a process whose main loop stands still', () => {
  const fifo = join(folder, 'fifo');
  it.each([
    ['in a call that does not return', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);'],
    ['in opening a pipe', `readFileSync(${JSON.stringify(fifo)});`],
    ['in an endless loop', 'for (;;);'],
  ])('%s is ended, and says why', async (_name, then) => {
    if (!existsSync(fifo)) execFileSync('mkfifo', [fifo]);
    const process = watched(then);
    process.stdout!.resume();
    const [ended, errors] = await Promise.all([once(process, 'exit'), textOf(process.stderr!)]);
    expect(ended).toEqual([null, 'SIGKILL']);
    expect(errors).toBe(
      'spanloom: The main loop has stood still for 0.4 s (SPANLOOM_WATCHDOG_TIMEOUT): the process ends, to be started again.\n',
    );
  });

  it('because nobody reads its standard error is ended all the same', async () => {
    const process = watched(`for (;;) globalThis.process.stderr.write('x'.repeat(100_000));`);
    process.stdout!.resume();
    expect(await once(process, 'exit')).toEqual([null, 'SIGKILL']);
  });
});

describe.runIf(hasAddon)('a process goes on', () => {
  /** Lines that it prints from now on. */
  async function turns(process: ChildProcess, count: number): Promise<void> {
    const lines = createInterface({ input: process.stdout! })[Symbol.asyncIterator]();
    for (; count > 0; count--) if ((await lines.next()).done === true) throw new Error('The process ended.');
  }

  it('while its loop turns', async () => {
    const process = watched('');
    await turns(process, (3 * limitMs) / 20);
    expect(process.signalCode).toBeNull();
  });

  it('when it was stopped for longer than the limit', async () => {
    const process = watched(`globalThis.process.kill(globalThis.process.pid, 'SIGSTOP');`, 200);
    const stopped = (): boolean =>
      execFileSync('cat', [`/proc/${process.pid}/stat`], { encoding: 'utf8' })
        .split(') ')
        .at(-1)!
        .startsWith('T');
    while (!stopped()) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 600));
    process.kill('SIGCONT');
    await turns(process, 30);
    expect(process.signalCode).toBeNull();
  });
});

describe('a watchdog', () => {
  it('is none when the limit is 0', () => {
    const watchdog = startWatchdog(0);
    expect(watchdog.problem).toBeUndefined();
    watchdog.stop();
  });
});
