import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the process id of a broker in the background is. */
export function pidFile(directory: string): string {
  return join(directory, 'broker.pid');
}

/** Does the broker of this folder run? A process id that went to another program does not count. */
export function isRunning(directory: string): boolean {
  try {
    const pid = readFileSync(pidFile(directory), 'utf8').trim();
    return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(directory);
  } catch {
    return false;
  }
}
