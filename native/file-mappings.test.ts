import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { expect, it } from 'vitest';
import { loadNative } from './load.ts';

/** Resident bytes of the mappings of a file: proc(5), smaps. */
function residentBytes(path: string): number {
  let isOfFile = false;
  let bytes = 0;
  for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\n')) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) isOfFile = line.endsWith(` ${path}`);
    else if (isOfFile && line.startsWith('Rss:')) bytes += 1024 * Number(/\d+/.exec(line)![0]);
  }
  return bytes;
}

it('pages of a log that were read leave the memory, and are there when they are read again', async () => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'mapping-')));
  const root = open({ path: directory, noSubdir: false, encoding: 'binary' });
  try {
    for (let key = 0; key < 64; key++) await root.put(key, Buffer.alloc(100_000, key));
    const readAll = (): number[] => Array.from({ length: 64 }, (_, key) => (root.get(key) as Buffer)[99_999]!);
    const expected = Array.from({ length: 64 }, (_, key) => key);
    expect(readAll()).toEqual(expected);
    const path = join(directory, 'data.mdb');
    const before = residentBytes(path);
    expect(before).toBeGreaterThan(6_000_000);
    expect(loadNative().pageOutFile(path)).toBeGreaterThan(6_000_000);
    // How many of them go is the kernel's decision: of a file in memory (tmpfs) none does.
    expect(residentBytes(path)).toBeLessThanOrEqual(before);
    expect(readAll()).toEqual(expected);
    expect(loadNative().pageOutFile(join(directory, 'another'))).toBe(0);
  } finally {
    await root.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
