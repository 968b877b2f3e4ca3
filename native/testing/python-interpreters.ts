import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const minors = [9, 10, 11, 12, 13, 14];

/** Paths of the interpreters of CPython 3.`minor` that are installed: each release that pyenv has, and those of the system. */
export function pythonsOf(minor: number): string[] {
  const versions = join(process.env['PYENV_ROOT'] ?? join(homedir(), '.pyenv'), 'versions');
  const folders = existsSync(versions) ? readdirSync(versions) : [];
  const ofPyenv = folders
    .filter((name) => name.startsWith(`3.${minor}.`))
    .map((name) => join(versions, name, 'bin/python'));
  const ofSystem = [`/usr/bin/python3.${minor}`, `/usr/local/bin/python3.${minor}`];
  return [...ofPyenv, ...ofSystem].filter((path) => existsSync(path));
}

/** Of all versions whose contexts can be read. */
export function readablePythons(): string[] {
  return minors.flatMap(pythonsOf);
}
