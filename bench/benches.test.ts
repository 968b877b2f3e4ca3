import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { projectFile } from '../core/project-files.ts';
import { benches, benchTable } from './benches.ts';

/** Files of the folder itself that are no benches. */
const others = ['benches.ts', 'benches.test.ts', 'main.ts'];

it('every bench is in the list once, and everything in the list is there', () => {
  const files = benches.map(({ file }) => file);
  expect(new Set(files).size).toBe(files.length);
  expect(new Set(benches.map(({ name }) => name)).size).toBe(benches.length);
  expect(files.filter((file) => !existsSync(projectFile('bench', file)))).toEqual([]);
  const folder = readdirSync(projectFile('bench'), { withFileTypes: true });
  const programs = folder.flatMap((entry) => {
    if (entry.isFile()) return /\.(ts|mjs)$/.test(entry.name) && !others.includes(entry.name) ? [entry.name] : [];
    return existsSync(projectFile('bench', entry.name, 'main.ts')) ? [`${entry.name}/main.ts`] : [];
  });
  expect(programs.sort()).toEqual([...files].sort());
});

it('the page of benches has the table of the list', () => {
  expect(readFileSync(projectFile('bench', 'README.md'), 'utf8')).toContain(benchTable());
});
