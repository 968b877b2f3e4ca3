import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** What /proc tells of a process that runs. */
export interface ProcFiles {
  /** Field 22 of stat: CLOCK_BOOTTIME at its start in hundredths of a second. */
  readonly startTicks: number;
  /** The kernel's name of it. */
  readonly name: string;
  /** Empty when unreadable. */
  readonly executable: string;
  readonly commandLine: readonly string[];
  /** Its environment as it was started; empty when unreadable. */
  readonly variables: Readonly<Record<string, string>>;
  /** Text of the cgroup file; empty when unreadable. */
  readonly cgroup: string;
}

/** Reads files that may be gone or forbidden at any moment. */
function readOrEmpty(read: () => string): string {
  try {
    return read();
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

/** Variables from the text of an environ file; of those that are there twice the first, as getenv has it. */
export function parseEnviron(text: string): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const entry of text.split('\0')) {
    const nameEnd = entry.indexOf('=');
    if (nameEnd > 0) variables[entry.slice(0, nameEnd)] ??= entry.slice(nameEnd + 1);
  }
  return variables;
}

/** Everything at once, with synchronous reads of memory-backed files; undefined when the process is gone. */
export function readProcFiles(processId: number, root = '/proc'): ProcFiles | undefined {
  const directory = `${root}/${processId}`;
  const text = (file: string): string => readOrEmpty(() => readFileSync(`${directory}/${file}`, 'utf8'));
  const stat = parseStat(text('stat'));
  if (stat === undefined) return undefined;
  return {
    ...stat,
    executable: readOrEmpty(() => readlinkSync(`${directory}/exe`)).replace(/ \(deleted\)$/, ''),
    commandLine: text('cmdline').replace(/\0+$/, '').split('\0'),
    variables: parseEnviron(text('environ')),
    cgroup: text('cgroup'),
  };
}

/** Start of a process as in {@link ProcFiles}; undefined when it is gone. */
export function readStartTicks(processId: number, root = '/proc'): number | undefined {
  return parseStat(readOrEmpty(() => readFileSync(`${root}/${processId}/stat`, 'utf8')))?.startTicks;
}

/** Ids of all processes. */
export function listProcessIds(root = '/proc'): number[] {
  return readdirSync(root)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}
