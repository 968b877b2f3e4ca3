import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { projectFile } from '../../../core/project-files.ts';
import { readResourceFile } from './read-resource-file.ts';

it('the example in docs/resources.md is a file that can be read', () => {
  const page = readFileSync(projectFile('docs', 'resources.md'), 'utf8');
  const example = /```yaml\n(.*?)```/s.exec(page)![1]!;
  const read = readResourceFile(example);
  expect(read).toMatchObject({ kind: 'ok' });
});
