import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { projectFile, projectRoot } from './project-files.ts';

test('files that come with the package are found from wherever this runs', () => {
  expect(existsSync(projectFile('schemas', 'avro', 'span.avsc'))).toBe(true);
  expect(projectFile('package.json')).toBe(`${projectRoot()}/package.json`);
});
