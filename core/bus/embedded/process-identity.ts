import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import type { ProcessRow } from './layout.ts';

function read(reader: () => string): string {
  try {
    return reader();
  } catch {
    return '';
  }
}

/** Start of a process in clock ticks since boot (proc(5), stat field 22); 0 when there is no such process. */
function startTicksOf(pid: number): number {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The command name, in parentheses, may contain anything.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 0);
}

/** Names the boot and PID namespace of this process; empty where there is no /proc. */
const namespace = ((): string => {
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const pidNamespace = read(() => readlinkSync('/proc/self/ns/pid'));
  return boot === '' || pidNamespace === '' ? '' : `${boot} ${pidNamespace}`;
})();

/** Identity of this process among those that share a data directory. */
export const ownProcessId = randomUUID();
const ownStartTicks = startTicksOf(process.pid);

/** The heartbeat row of this process. */
export function ownProcessRow(nowMs: number): ProcessRow {
  return { seenAtMs: nowMs, pid: process.pid, startTicks: ownStartTicks, namespace };
}

/**
 * Whether a process can still be a member. One of our own boot and PID namespace is looked up, so that what was killed
 * counts as ended at once; any other one counts as alive until its heartbeat is too old.
 */
export function isAlive(row: ProcessRow | undefined, nowMs: number, timeoutMs: number): boolean {
  if (row === undefined) return false;
  if (row.namespace !== '' && row.namespace === namespace && startTicksOf(row.pid) !== row.startTicks) return false;
  return nowMs - row.seenAtMs <= timeoutMs;
}
