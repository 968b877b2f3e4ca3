import type { Stats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { PipelineError } from '../errors.ts';
import { fileError } from './file-error.ts';

/** @throws PipelineError FILE_UNUSABLE for what may never end, or never begin, to be read: a pipe, a device; or a folder */
export function requireRealFile(path: string, found: Stats): void {
  if (found.isDirectory()) throw new PipelineError('FILE_UNUSABLE', `${path} is a folder, not a file.`);
  if (!found.isFile()) throw new PipelineError('FILE_UNUSABLE', `${path} is a pipe or a device, not a file.`);
}

/**
 * Opens a file that is read here and there, so that it must be a real one.
 *
 * @throws PipelineError FILE_UNUSABLE or ENVIRONMENT_UNSUPPORTED with a sentence that names it
 */
export async function openInputFile(path: string): Promise<FileHandle> {
  try {
    // Before it is opened: opening a pipe would wait for a writer.
    requireRealFile(path, await stat(path));
    return await open(path, 'r');
  } catch (error) {
    throw fileError(path, 'read', error);
  }
}
