import { readFileSync, statSync } from 'node:fs';
import { PipelineError } from '../../../core/errors.ts';
import { fileError } from '../../../core/files/file-error.ts';
import { requireRealFile } from '../../../core/files/open-input-file.ts';
import { maxFileBytes } from './file-source.ts';
import { readResourceFile } from './read-resource-file.ts';

/** A file of another kind has something wrong in every line. */
const shownProblems = 20;

/** @throws PipelineError CONFIG_INVALID with all that is wrong in a file of resources, FILE_UNUSABLE when there is none */
export function requireResourceFile(path: string): void {
  let text: string;
  try {
    const found = statSync(path);
    requireRealFile(path, found);
    if (found.size > maxFileBytes)
      throw new PipelineError('FILE_UNUSABLE', `${path} has ${found.size} bytes; at most ${maxFileBytes} are read.`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError(path, 'read', error);
  }
  const read = readResourceFile(text);
  if (read.kind === 'ok') return;
  const problems = read.problems.slice(0, shownProblems).map(({ line, text }) => `line ${line}: ${text}`);
  const more = read.problems.length - shownProblems;
  if (more > 0) problems.push(`and ${more} more`);
  throw new PipelineError('CONFIG_INVALID', `${path} cannot be used:\n  ${problems.join('\n  ')}`);
}
