import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { projectFile } from '../core/project-files.ts';
import { configurationPage } from './configuration-page.ts';

it('docs/configuration.md is current: otherwise run `npm run docs` and commit what it writes', () => {
  expect(readFileSync(projectFile('docs', 'configuration.md'), 'utf8')).toBe(configurationPage());
});
