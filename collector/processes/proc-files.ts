/**
 * Facts about processes from files of /proc whose read never waits, since processes do not control them. Command line
 * and environment are not among them, nor is any path below /proc/<pid>/root: native/process-memory.h, native/process-files.h.
 */
import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';

/** Facts from /proc about a running process. */
export interface ProcFiles {
  /** Field 22 of stat: CLOCK_BOOTTIME at its start in hundredths of a second. */
  readonly startTicks: number;
  /** The kernel's name of it. */
  readonly name: string;
  /** Empty when unreadable. */
  readonly executable: string;
  /** Text of the cgroup file; empty when unreadable. */
  readonly cgroup: string;
}

/** Paths of control groups are at most 4 KiB, with a dozen of hierarchies. */
const maxBytes = 64 * 1024;

/** Text of a file of procfs, at most `limit` bytes; empty if it no longer exists or is forbidden. */
export function readProcText(path: string, limit: number = maxBytes): string {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const buffer = Buffer.allocUnsafe(limit);
    let length = 0;
    for (;;) {
      const read = readSync(file, buffer, length, limit - length, null);
      length += read;
      if (read === 0 || length === limit) return buffer.toString('utf8', 0, length);
    }
  } catch {
    return '';
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Target of a link of procfs; empty if it no longer exists or is forbidden. */
function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Name and start of a process from the text of its stat file; the name may contain anything, also parentheses. */
export function parseStat(text: string): { readonly name: string; readonly startTicks: number } | undefined {
  const nameEnd = text.lastIndexOf(')');
  const startTicks = Number(text.slice(nameEnd + 2).split(' ')[19]);
  if (nameEnd < 0 || !Number.isInteger(startTicks)) return undefined;
  return { name: text.slice(text.indexOf('(') + 1, nameEnd), startTicks };
}

/** Arguments from the text of a cmdline file. */
export function parseCommandLine(text: string): readonly string[] {
  return text.replace(/\0+$/, '').split('\0');
}

/** Variables from the text of an environ file; of those that are there twice the first, as getenv has it. */
export function parseEnviron(text: string): Readonly<Record<string, string>> {
  // Without a prototype: a variable may be called __proto__.
  const variables = Object.create(null) as Record<string, string>;
  for (const entry of text.split('\0')) {
    const nameEnd = entry.indexOf('=');
    if (nameEnd > 0) variables[entry.slice(0, nameEnd)] ??= entry.slice(nameEnd + 1);
  }
  return variables;
}

/** All facts at once; undefined if the process has ended. */
export function readProcFiles(processId: number, root = '/proc'): ProcFiles | undefined {
  const directory = `${root}/${processId}`;
  const stat = parseStat(readProcText(`${directory}/stat`, 4096));
  if (stat === undefined) return undefined;
  return {
    ...stat,
    executable: readLink(`${directory}/exe`).replace(/ \(deleted\)$/, ''),
    cgroup: readProcText(`${directory}/cgroup`),
  };
}

/** Start of a process as in {@link ProcFiles}; undefined if it has ended. */
export function readStartTicks(processId: number, root = '/proc'): number | undefined {
  return parseStat(readProcText(`${root}/${processId}/stat`, 4096))?.startTicks;
}

/** Ids of all processes. */
export function listProcessIds(root = '/proc'): number[] {
  return readdirSync(root)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}
