import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { listDeadLetters, replayDeadLetters } from './dead-letter.ts';

it('a command that reads the log makes none where there is none', async () => {
  const dataDirectory = join(tmpdir(), `spanloom-no-log-${process.pid}`);
  vi.stubEnv('SPANLOOM_DATA_DIR', dataDirectory);
  const { signal } = new AbortController();
  for (const command of [listDeadLetters, replayDeadLetters])
    await expect(command({}, signal)).rejects.toThrow(`There is no log in ${dataDirectory}: run "spanloom up" first`);
  expect(existsSync(dataDirectory)).toBe(false);
  vi.unstubAllEnvs();
});
