import { chmodSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '../errors.ts';
import { fileError } from './file-error.ts';
import { makeDirectory } from './make-directory.ts';

/** Only its owner may look into a folder of ours: what was captured is in it, and locks that others could hold. */
const privateMode = 0o700;
const modesOfOthers = 0o077;

/**
 * Makes a folder for what this process stores, for its user alone. One that is there has to belong to this user or to root,
 * with all that is in it, and is closed to others when everything in it is ours: a folder such as /tmp stays as it is.
 *
 * @param isOurs whether a folder with these names in it is of no other use
 * @throws PipelineError ENVIRONMENT_UNSUPPORTED when another user could change what is in it
 */
export function makePrivateDirectory(path: string, isOurs: (names: readonly string[]) => boolean): void {
  requireOwn(path);
  makeDirectory(path);
  try {
    const { mode, uid } = statSync(path);
    requireUser(path, uid);
    const names = readdirSync(path);
    if (!isOurs(names)) return;
    for (const name of names) requireOwn(join(path, name));
    if ((mode & modesOfOthers) !== 0 && uid === process.geteuid?.()) chmodSync(path, privateMode);
  } catch (error) {
    throw fileError(path, 'written', error);
  }
}

/**
 * Whether a file or folder, if it is there, belongs to this user or to root. A link counts by itself: who made it decides where
 * it leads.
 *
 * @throws PipelineError ENVIRONMENT_UNSUPPORTED
 */
export function requireOwn(path: string): void {
  let uid: number | undefined;
  try {
    uid = lstatSync(path, { throwIfNoEntry: false })?.uid;
  } catch {
    // If it cannot be examined, the code that creates or opens it reports the error.
  }
  if (uid !== undefined) requireUser(path, uid);
}

function requireUser(path: string, uid: number): void {
  const user = process.geteuid?.();
  if (user === undefined || uid === user || uid === 0) return;
  throw new PipelineError(
    'ENVIRONMENT_UNSUPPORTED',
    `${path} belongs to another user (${uid}), who could change what is stored there: choose another data directory, or change its owner.`,
  );
}
