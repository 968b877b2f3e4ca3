import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { PipelineError } from '../errors.ts';
import { fileError } from './file-error.ts';
import { isDirectory } from './is-directory.ts';

const { R_OK, W_OK, X_OK } = constants;

/**
 * Makes a folder, and those above it, where they are missing, for this user alone. Step by step: Node's recursive mkdir never returns where the
 * system makes no folders although the one above exists, as in /proc.
 *
 * @throws PipelineError ENVIRONMENT_UNSUPPORTED or FILE_UNUSABLE that names the folder that cannot be made or used
 */
export function makeDirectory(path: string): void {
  const missing: string[] = [];
  let folder = resolve(path);
  while (!isDirectory(folder)) {
    missing.unshift(folder);
    folder = dirname(folder);
  }
  for (const each of missing) makeOne(each);
  try {
    accessSync(path, R_OK | W_OK | X_OK);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EACCES'
      ? new PipelineError('ENVIRONMENT_UNSUPPORTED', `${path} may not be read and written by this user.`)
      : fileError(path, 'written', error);
  }
}

function makeOne(path: string): void {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another process was faster.
    if (code === 'EEXIST' && isDirectory(path)) return;
    const above = dirname(path);
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EPERM') {
      const why = code === 'ENOENT' ? 'no folder can be made' : 'this user may not make one';
      throw new PipelineError('ENVIRONMENT_UNSUPPORTED', `The folder ${path} cannot be made: in ${above} ${why}.`, {
        cause: error,
      });
    }
    throw fileError(path, 'written', error);
  }
}
