import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openTraceFile } from './trace-file.ts';

it('a file of traces is whole and closed when it is written, also without a trace', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-trace-file-'));
  const path = join(folder, 'traces.json');
  const file = (await openTraceFile(path))!;
  await file.write([], () => {
    throw new Error('there is no span');
  });
  await file.close();
  expect(readFileSync(path, 'utf8')).toBe('{"traces":[]}\n');
  rmSync(folder, { recursive: true });
  await expect(openTraceFile(path)).rejects.toThrow(`the folder ${folder} does not exist`);
});
