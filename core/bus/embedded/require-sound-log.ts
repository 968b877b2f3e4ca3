import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '../../errors.ts';
import { fileError } from '../../files/file-error.ts';
import { checkLogFile } from './check-log-file.ts';
import { databaseNames } from './layout.ts';
import { LogDamage, LogFile } from './log-file.ts';

/** Where the number of the last transaction lies in lock.mdb, behind LMDB's magic number and the version of its format. */
const lastTransactionAt = 8;
/** Another process that writes meanwhile may reuse checked pages; it has checked the log itself. */
const maximumTries = 3;

/**
 * Looks at the log in a directory before LMDB does, which does not survive every file. One that is empty has not been begun
 * yet. A file that is cut while it is open is another matter: only its own user can do that.
 *
 * @throws PipelineError FILE_CORRUPT with a sentence that says what is wrong and what to do
 */
export function requireSoundLog(directory: string): void {
  const path = join(directory, 'data.mdb');
  const file = openLog(path);
  if (file === undefined) return;
  try {
    const log = new LogFile(file);
    if (log.sizeBytes === 0) {
      if (lastTransaction(directory) > 0n) throw new LogDamage('it is empty, and was not');
    } else if (log.beginsAsLog) checkAgainWhileWritten(log);
    else {
      const text = `${path} is no log of spanloom, or its beginning is lost: choose another data directory.`;
      throw new PipelineError('FILE_CORRUPT', text);
    }
  } catch (error) {
    if (!(error instanceof LogDamage)) throw fileError(path, 'read', error);
    throw damagedLog(directory, error.message, error);
  } finally {
    closeSync(file);
  }
}

/** What to say of a damaged log. */
export function damagedLog(directory: string, what: string, cause: unknown): PipelineError {
  const text =
    `The log ${join(directory, 'data.mdb')} is damaged: ${what}. Bring it back from a copy, choose another data ` +
    `directory, or remove ${directory} to begin a new log.`;
  return new PipelineError('FILE_CORRUPT', text, { cause });
}

function openLog(path: string): number | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    // A pipe would wait for another process to open it too.
    if (!found.isFile())
      throw new PipelineError('FILE_UNUSABLE', `${path} is a folder, a pipe or a device, not a log.`);
    return openSync(path, 'r+');
  } catch (error) {
    throw fileError(path, 'written', error);
  }
}

function checkAgainWhileWritten(log: LogFile): void {
  for (let tries = 1; ; tries++) {
    const { transaction } = log.newestMeta();
    try {
      checkLogFile(log, databaseNames);
      return;
    } catch (error) {
      if (!(error instanceof LogDamage) || log.newestMeta().transaction === transaction) throw error;
      if (tries === maximumTries) return;
    }
  }
}

/** The last transaction of the processes that had the log open; 0 when there was none. */
function lastTransaction(directory: string): bigint {
  let file: number | undefined;
  try {
    file = openSync(join(directory, 'lock.mdb'), 'r');
    const head = Buffer.alloc(lastTransactionAt + 8);
    return readSync(file, head, 0, head.length, 0) < head.length ? 0n : head.readBigUInt64LE(lastTransactionAt);
  } catch {
    return 0n;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
