import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { record } from './record.ts';

const folder = mkdtempSync(join(tmpdir(), 'spanloom-record-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { signal } = new AbortController();

it('never replaces a file unasked', async () => {
  const path = join(folder, 'incident.avro');
  writeFileSync(path, 'the only copy');
  await expect(record(path, {}, signal)).rejects.toThrow(
    `${path} is there already: choose another name, or add --overwrite to replace it.`,
  );
  expect(readFileSync(path, 'utf8')).toBe('the only copy');
});

it('says at once that the folder of its file is missing', async () => {
  await expect(record(join(folder, 'missing', 'incident.avro'), {}, signal)).rejects.toThrow(
    `the folder ${join(folder, 'missing')} does not exist`,
  );
});
