import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PipelineError } from './errors.ts';

let root: string | undefined;

function isProjectRoot(directory: string): boolean {
  const path = join(directory, 'package.json');
  if (!existsSync(path)) return false;
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as { readonly name?: unknown };
  return manifest.name === 'spanloom';
}

/**
 * Directory of the installed package: the nearest one above this file whose package.json says `spanloom`. The same
 * whether this runs from sources or from dist/.
 */
export function projectRoot(): string {
  if (root !== undefined) return root;
  let directory = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    if (isProjectRoot(directory)) return (root = directory);
    const parent = dirname(directory);
    if (parent === directory)
      throw new PipelineError(
        'ENVIRONMENT_UNSUPPORTED',
        'The installation is incomplete: its package.json is missing.',
      );
    directory = parent;
  }
}

/**
 * Absolute path of a file that comes with the package and is not compiled into dist/, for example
 * `projectFile('bpf', 'build', 'syscalls.bpf.o')`. The file need not exist.
 */
export function projectFile(...segments: readonly string[]): string {
  return join(projectRoot(), ...segments);
}
