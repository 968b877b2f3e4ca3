import { opendirSync, statSync } from 'node:fs';
import { PipelineError } from '../errors.ts';
import { fileError } from './file-error.ts';

/**
 * Whether a folder exists.
 *
 * @throws PipelineError when it cannot be seen, may not be read, or is no folder
 */
export function isDirectory(path: string): boolean {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return false;
    if (!found.isDirectory()) throw new PipelineError('FILE_UNUSABLE', `${path} is a file, not a folder.`);
    opendirSync(path).closeSync();
    return true;
  } catch (error) {
    throw fileError(path, 'read', error);
  }
}
