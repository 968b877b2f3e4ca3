import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The other process that has an embedded ClickHouse directory open, if there is one. The engine holds a lock (flock) on
 * the file `status` for as long as it lives; a file without a lock was left by a kill.
 *
 * @returns its process id; undefined if no process has it, or if this is unknown (/proc/locks is of Linux)
 */
export function directoryOwner(directory: string, locksPath = '/proc/locks'): number | undefined {
  try {
    const { ino } = statSync(join(directory, 'status'));
    for (const line of readFileSync(locksPath, 'utf8').split('\n')) {
      // 1: FLOCK  ADVISORY  WRITE 4711 fe:00:131077 0 EOF
      const match = /^\d+: FLOCK +\S+ +\S+ +(\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line);
      if (match !== null && Number(match[2]) === ino && Number(match[1]) !== process.pid) return Number(match[1]);
    }
  } catch {
    // No such file: no process has ever opened it, or the platform has no /proc/locks.
  }
  return undefined;
}
