import { rmSync } from 'node:fs';
import { open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { PipelineError } from '../errors.ts';
import { fileError } from './file-error.ts';

/** A file that is being written. What was there before stays until it is kept. */
export interface OutputFile {
  /** Appends all of it. */
  write(data: Uint8Array | string): Promise<void>;
  /** From now on it is the file of that name; writing may go on. */
  keep(): Promise<void>;
  /** Resolves when what was written is on the disk. */
  sync(): Promise<void>;
  /** Closes it. Unless it was kept, everything is as it was before. */
  close(): Promise<void>;
}

let fileCount = 0;

/** The path of standard output. */
export const standardOutput = '/dev/stdout';

/** Not opened by its path: a socket has none, and a file to which the shell appends would be truncated. */
const standardOutputFile: OutputFile = {
  write: (data) =>
    new Promise((resolve, reject) => {
      process.stdout.write(data, (error) => {
        if (error) reject(error);
        else resolve();
      });
    }),
  keep: () => Promise.resolve(),
  sync: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/**
 * Opens a file to write so that a failing command never destroys an existing one: it writes a temporary file beside it and
 * renames that when it is kept. Devices and pipes are written directly. Only this user can read the file, since it has
 * captured data.
 *
 * @throws PipelineError FILE_UNUSABLE or ENVIRONMENT_UNSUPPORTED, at once, when the file could not be written
 */
export async function openOutputFile(path: string): Promise<OutputFile> {
  if (path === standardOutput) return standardOutputFile;
  try {
    if (path.endsWith('/')) throw new PipelineError('FILE_UNUSABLE', `${path} is the name of a folder, not of a file.`);
    const present = await stat(path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    if (present?.isDirectory() === true) throw new PipelineError('FILE_UNUSABLE', `${path} is a folder, not a file.`);
    if (present !== undefined && !present.isFile()) return inPlace(await open(path, 'w'));
    // A link keeps its target.
    const target = present === undefined ? path : await realpath(path);
    // A write-protected file is respected, although the folder would allow replacing it.
    if (present !== undefined) await (await open(target, 'r+')).close();
    const temporary = join(dirname(target), `.spanloom-${process.pid}-${fileCount++}.partial`);
    return renamed(await create(temporary, target), temporary, target);
  } catch (error) {
    throw fileError(path, 'written', error);
  }
}

async function create(temporary: string, target: string): Promise<FileHandle> {
  try {
    return await open(temporary, 'wx', 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    const text = `${target} cannot be written: this user may not make files in ${dirname(resolve(target))}.`;
    throw new PipelineError('ENVIRONMENT_UNSUPPORTED', text, { cause: error });
  }
}

function inPlace(handle: FileHandle): OutputFile {
  return {
    write: (data) => handle.appendFile(data),
    keep: () => Promise.resolve(),
    sync: () => Promise.resolve(),
    close: () => handle.close(),
  };
}

function renamed(handle: FileHandle, temporary: string, target: string): OutputFile {
  let isKept = false;
  // For a process that is killed at once.
  const remove = (): void => rmSync(temporary, { force: true });
  process.once('exit', remove);
  return {
    write: (data) => handle.appendFile(data),
    async keep() {
      if (isKept) return;
      try {
        await rename(temporary, target);
      } catch (error) {
        throw fileError(target, 'written', error);
      }
      isKept = true;
      process.off('exit', remove);
    },
    sync: () => handle.sync(),
    async close() {
      await handle.close();
      process.off('exit', remove);
      if (!isKept) await rm(temporary, { force: true });
    },
  };
}
