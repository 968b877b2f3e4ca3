/** The page as the setup has built it, for a server of a test: with the files and the headers of the query stage. */
import { existsSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { projectFile } from '../../core/project-files.ts';
import { PageFiles } from '../../query/http/page-files.ts';

/** Debian's. */
export const chromiumPath = '/usr/bin/chromium';
const directory = projectFile('query', 'ui', 'build');
const files = new PageFiles(directory);

/** Why the page cannot be shown here; undefined where it can. */
export const missingBrowser: string | undefined = [chromiumPath, join(directory, 'index.html')]
  .filter((path) => !existsSync(path))
  .map((path) => `there is no ${path}: npm run setup`)[0];

/** Answers a path of the page. */
export function sendPage(response: ServerResponse, path: string): void {
  const answer = files.at(path, '');
  if (answer.kind !== 'text') throw new Error('the page is not built');
  response.writeHead(answer.status ?? 200, { 'content-type': answer.type, ...answer.headers }).end(answer.text);
}
