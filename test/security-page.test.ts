import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const file = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const page = readFileSync(file('docs/security.md'), 'utf8');

it('the security page names tests that exist, and at least one in every row of what somebody could do', () => {
  const named = [...page.matchAll(/`([\w/.-]+\.test\.ts|[\w/]+\/)`/g)].map((match) => match[1]!);
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((path) => !existsSync(file(path)))).toEqual([]);
  const rows = page.split('\n').filter((line) => /^\| (?!what |party|-)/.test(line) && line.split('|').length === 5);
  const held = rows.filter((row) => /\.test\.ts|`test\/|`query\//.test(row.split('|')[3]!));
  const parties = rows.filter((row) => /^\| (?:\[|operator)/.test(row));
  expect(rows.length - parties.length).toBe(held.length);
});
