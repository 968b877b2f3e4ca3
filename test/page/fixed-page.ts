/** The page as it is built, on a real server and in a real browser; the API answers what a test says. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { chromiumPath, sendPage } from './built-page.ts';

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

/** Serves the page as the setup has built it, and starts a browser. */
export async function openFixedPage(answers: Answers): Promise<FixedPage> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://page');
    if (url.pathname.startsWith('/api/')) {
      if (!answers(url, response, request)) sendJson(response, { problems: ['there is no such route'] }, 404);
      return;
    }
    sendPage(response, url.pathname);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
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
