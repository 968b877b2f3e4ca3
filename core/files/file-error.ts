import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { PipelineError } from '../errors.ts';

/** What was to be done with a file or a folder. */
export type FileUse = 'read' | 'written';

/** An error with a file or folder that the user named, as a sentence that says what the user can change. */
export function fileError(path: string, use: FileUse, error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const unusable = (text: string): PipelineError => new PipelineError('FILE_UNUSABLE', text, { cause: error });
  const forbidden = (text: string): PipelineError =>
    new PipelineError('ENVIRONMENT_UNSUPPORTED', text, { cause: error });
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR': {
      const folder = firstThatIsNoFolder(path);
      if (folder !== undefined && folder !== resolve(path)) return unusable(`${path} cannot be ${use}: ${folder}.`);
      if (use === 'written') return forbidden(`${path} cannot be written: its file system makes no such file.`);
      return unusable(`${path} does not exist.`);
    }
    case 'EISDIR':
      return unusable(`${path} is a folder, not a file.`);
    case 'EEXIST':
      return unusable(`${path} is there already.`);
    case 'ENAMETOOLONG':
      return unusable(`The name ${path.slice(0, 60)}… is too long for a file.`);
    case 'EACCES':
    case 'EPERM':
      return forbidden(`${firstThatIsClosed(path) ?? path} may not be ${use} by this user.`);
    case 'EROFS':
      return forbidden(`${path} cannot be written: its file system is read-only.`);
    case 'ENOSPC':
    case 'EDQUOT':
      return new PipelineError('BUS_FULL', `There is no room left on the disk for ${path}.`, { cause: error });
    default:
      return forbidden(`${path} cannot be ${use}: ${message}.`);
  }
}

/** The folders above a file, from the top. */
function foldersAbove(path: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    folders.unshift(folder);
    if (folder === dirname(folder)) return folders;
  }
}

/** Says of the first folder above a file what is wrong with it. */
function firstThatIsNoFolder(path: string): string | undefined {
  for (const folder of foldersAbove(path)) {
    const found = statSync(folder, { throwIfNoEntry: false });
    if (found === undefined) return `the folder ${folder} does not exist`;
    if (!found.isDirectory()) return `${folder} is a file, not a folder`;
  }
  return undefined;
}

/** The first folder above a file that this user may not pass through. */
function firstThatIsClosed(path: string): string | undefined {
  return foldersAbove(path).find((folder) => {
    try {
      statSync(`${folder}/.`);
      return false;
    } catch {
      return true;
    }
  });
}
