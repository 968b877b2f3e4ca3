/** The table of offsets, against the oldest and the newest release of Go that it has. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const table = readFileSync(file('generated/go-offsets.h'), 'utf8');
const releases = [...table.matchAll(/\/\/ ([\d.]+) to ([\d.]+)/g)];

it.each([releases[0]![1]!, releases.at(-1)![2]!])('the offsets of Go %s are in the table', (release) => {
  const { status, stdout, stderr } = spawnSync('go', ['run', file('generate/go-offsets.go'), release], {
    encoding: 'utf8',
  });
  if (status === 0) {
    expect(table).toContain(stdout.trim());
    return;
  }
  const reason = status === null ? 'go is not installed' : stderr.trim();
  if (process.env['TEST_REQUIRE_ALL'] === '1') throw new Error(`Go ${release} cannot be had: ${reason}`);
  console.log(`skipped: Go ${release} cannot be had: ${reason}`);
});
