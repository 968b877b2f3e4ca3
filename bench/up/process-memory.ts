import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Resident memory of a process by kind, in bytes. */
export interface ResidentMemory {
  readonly total: number;
  readonly anonymous: number;
  /** Pages of mapped files: of the log, programs and libraries. */
  readonly file: number;
  readonly shared: number;
}

/** proc(5), /proc/PID/status. */
export function residentMemory(pid: number): ResidentMemory {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (name: string): number => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  return { total: bytes('VmRSS'), anonymous: bytes('RssAnon'), file: bytes('RssFile'), shared: bytes('RssShmem') };
}

/** Room that the files of a folder take on the disk; holes take none. What is removed in the meantime does not count. */
export function diskBytes(folder: string): number {
  let bytes = 0;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      bytes += entryBytes(join(folder, entry.name), entry);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return bytes;
}

function entryBytes(path: string, entry: Dirent): number {
  if (entry.isDirectory()) return diskBytes(path);
  return entry.isFile() ? 512 * (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) : 0;
}
