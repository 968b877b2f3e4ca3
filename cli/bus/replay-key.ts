import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AgentKey } from '../../core/agents/agent-key.ts';
import { PipelineError } from '../../core/errors.ts';
import { makeDirectory } from '../../core/files/make-directory.ts';

const keySchema = z.object({ version: z.literal(1), publicKey: z.string(), privateKey: z.string() });

/**
 * The key that recordings are signed with when they are sent into Kafka, in <data directory>/replay-key.json; made where
 * there is none. It is that of no agent: stages take it where SPANLOOM_AGENTS_TRUSTED_KEYS names it.
 *
 * @throws PipelineError FILE_CORRUPT when the file holds no key
 */
export function openReplayKey(dataDirectory: string): AgentKey {
  makeDirectory(dataDirectory);
  const path = join(dataDirectory, 'replay-key.json');
  return readKey(path) ?? makeKey(path);
}

function readKey(path: string): AgentKey | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new PipelineError('ENVIRONMENT_UNSUPPORTED', `${path} cannot be read.`, { cause: error });
  }
  try {
    return AgentKey.restore(keySchema.parse(JSON.parse(text)));
  } catch (error) {
    const message = `${path} holds no key to sign with: restore it, or remove it to get a new one.`;
    throw new PipelineError('FILE_CORRUPT', message, { cause: error });
  }
}

/** Of two processes that make one at a time, both get the same. */
function makeKey(path: string): AgentKey {
  const key = AgentKey.forReplays();
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, `${JSON.stringify({ version: 1, ...key.store() })}\n`, { mode: 0o600, flag: 'wx' });
    linkSync(temporary, path);
    return key;
  } catch (error) {
    const made = (error as NodeJS.ErrnoException).code === 'EEXIST' ? readKey(path) : undefined;
    if (made !== undefined) return made;
    throw new PipelineError('ENVIRONMENT_UNSUPPORTED', `${path} cannot be written.`, { cause: error });
  } finally {
    rmSync(temporary, { force: true });
  }
}
