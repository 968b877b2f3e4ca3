import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { projectFile } from '../core/project-files.ts';
import { partOf, sourceFile, treePaths } from '../scripts/structure/source-files.ts';
import { metricsPage } from './metrics-page.ts';

it('docs/metrics.md is current: otherwise run `npm run docs` and commit what it writes', () => {
  expect(readFileSync(projectFile('docs', 'metrics.md'), 'utf8')).toBe(metricsPage());
});

it('the page of metrics registers those of every file that makes some', () => {
  const textOf = (path: string): string => readFileSync(projectFile(path), 'utf8');
  const makers = treePaths(projectFile())
    .filter((path) => path.endsWith('.ts') && partOf(path) === 'product')
    .filter((path) => /\bnew (?:Counter|Gauge|Histogram|Summary)\(/.test(textOf(path)));
  const page = 'cli/metrics-page.ts';
  const { imports } = sourceFile(page, textOf(page));
  expect(makers.length).toBeGreaterThan(5);
  expect(makers.filter((path) => !imports.includes(path))).toEqual([]);
});
