/** The table of offsets, against the headers of the interpreters that are installed: pyenv's, and those of the path. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { pythonsOf } from '../testing/python-interpreters.ts';

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const table = readFileSync(file('generated/python-offsets.h'), 'utf8');
const minors = [...table.matchAll(/\.minor = (\d+)/g)].map(([, minor]) => Number(minor));

it('has every minor version from 3.9 to 3.14', () => {
  expect(minors).toEqual([9, 10, 11, 12, 13, 14]);
});

it.each(minors)('the offsets of CPython 3.%i are in the table', (minor) => {
  let compiled = 0;
  for (const interpreter of pythonsOf(minor)) {
    const { status, stdout } = spawnSync('python3', [file('generate/python-offsets.py'), '--rows', interpreter], {
      encoding: 'utf8',
    });
    // Without its headers.
    if (status !== 0) continue;
    expect(table).toContain(stdout.trim());
    compiled++;
  }
  if (compiled === 0) console.log(`skipped: no CPython 3.${minor} with headers is installed`);
});
