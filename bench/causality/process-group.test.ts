import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { firstLine, ProcessGroup } from './process-group.ts';

/** Whether a process runs; one that has ended may still be in the table of processes, as a zombie. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

it('descendants end with it, also those that outlive their parent and ignore SIGTERM', async () => {
  const group = new ProcessGroup();
  // Says its id, and is left by the shell that started it.
  const stubborn = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log(process.pid);`;
  const shell = group.start('sh', ['-c', `"${process.execPath}" -e "${stubborn}" & wait`], { isRead: true });
  const pid = Number(await firstLine(shell));
  expect(isRunning(pid)).toBe(true);
  await group.end();
  await expect.poll(() => isRunning(pid)).toBe(false);
});

it('what a process said last is why it failed, also when it could not be started', async () => {
  const group = new ProcessGroup();
  group.start('sh', ['-c', 'echo no such port >&2; exit 3']);
  await expect.poll(() => group.failure()).toBe('sh ended with 3: no such port');
  await group.end();
  const absent = new ProcessGroup();
  absent.start('/nowhere/server', []);
  await expect.poll(() => absent.failure()).toContain('ENOENT');
  await absent.end();
});
