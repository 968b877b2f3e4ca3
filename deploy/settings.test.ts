import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sections } from '../cli/settings.ts';
import { settingNames } from '../core/config/section.ts';
import { projectFile } from '../core/project-files.ts';

/** Files that people deploy from. Tests are none: they name wrong settings on purpose. */
function deployedFiles(): readonly string[] {
  return readdirSync(projectFile('deploy'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .concat(projectFile('docs', 'deploy.md'));
}

it('every setting that a deployment names exists: a stage would refuse to start with another', () => {
  const known = new Set(settingNames(Object.values(sections)));
  const named = deployedFiles().flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/\bSPANLOOM_[A-Z0-9_]*[A-Z0-9]\b/g)].map(([name]) => ({ name, path })),
  );
  expect(named.length).toBeGreaterThan(20);
  const wrong = named.filter(({ name }) => !known.has(name)).map(({ name, path }) => `${name} in ${path}`);
  expect([...new Set(wrong)]).toEqual([]);
});
