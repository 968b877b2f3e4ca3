/** The page as it is built, on a real server and in a real browser; the API answers what a test says. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { projectFile } from '../../core/project-files.ts';

const executablePath = '/usr/bin/chromium';
const directory = projectFile('query', 'ui', 'build');

/** Why the page cannot be shown here; undefined where it can. */
export const missingBrowser: string | undefined = [executablePath, join(directory, 'index.html')]
  .filter((path) => !existsSync(path))
  .map((path) => `there is no ${path}: npm run setup`)[0];

/** Answers a request to the API; false where it does not know the path. */
export type Answers = (url: URL, response: ServerResponse, request: IncomingMessage) => boolean;

/** A page to be tested. */
export interface FixedPage {
  readonly address: string;
  /** Opens a path in a new window. What the page logs as an error is added to `errors`. */
  open(path: string, options?: BrowserContextOptions): Promise<Page>;
  readonly errors: string[];
  close(): Promise<void>;
}

/** What the query stage sends with the page: nothing from elsewhere, and no script or style in the document. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'";
const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
};

/** Serves the page as the setup has built it, and starts a browser. */
export async function openFixedPage(answers: Answers): Promise<FixedPage> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://page');
    if (url.pathname.startsWith('/api/')) {
      if (!answers(url, response, request)) sendJson(response, { problems: ['there is no such route'] }, 404);
      return;
    }
    void sendFile(response, url.pathname);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const errors: string[] = [];
  return {
    address,
    errors,
    open: (path, options) => openWindow(browser, address + path, errors, options),
    async close() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function openWindow(
  browser: Browser,
  url: string,
  errors: string[],
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    // What the API refuses, the browser logs as well.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      errors.push(message.text());
  });
  await page.goto(url);
  return page;
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, body: unknown, status = 200): true {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  return true;
}

async function sendFile(response: ServerResponse, path: string): Promise<void> {
  const isFile = path.startsWith('/assets/');
  const file = join(directory, isFile ? normalize(path) : 'index.html');
  const content = await readFile(file).catch(() => undefined);
  if (content === undefined) {
    response.writeHead(404).end();
    return;
  }
  const type = types[file.split('.').at(-1)!] ?? 'application/octet-stream';
  response.writeHead(200, { 'content-type': type, 'content-security-policy': policy }).end(content);
}
