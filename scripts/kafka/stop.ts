/** `npm run kafka:stop [-- FOLDER]`: ends the broker that kafka:start began; its data stay. */
import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, pidFile } from './pid-file.ts';

const directory = resolve(process.argv[2] ?? join('.spanloom', 'kafka'));
const insistAfterMs = 20_000;

if (isRunning(directory)) {
  const pid = Number(readFileSync(pidFile(directory), 'utf8'));
  process.kill(pid, 'SIGTERM');
  const deadlineMs = performance.now() + insistAfterMs;
  while (isRunning(directory)) {
    if (performance.now() > deadlineMs) process.kill(pid, 'SIGKILL');
    await sleep(100);
  }
  process.stderr.write('The broker has stopped.\n');
} else {
  process.stderr.write('No broker runs.\n');
}
rmSync(pidFile(directory), { force: true });
