import { readFileSync } from 'node:fs';
import { projectFile } from './project-files.ts';

/** Version of the installed package. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(projectFile('package.json'), 'utf8')) as { readonly version: string }).version;
}
