/** The calls in a browser: they come by themselves, stand still on demand, stay few, and lead to their traces. */
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { axeFindings } from './axe-findings.ts';
import { browserTimeoutMs } from './browser-timeout.ts';
import { missingBrowser } from './built-page.ts';
import { describeWhere } from '../requirement.ts';
import { type FixedPage, openFixedPage, sendJson } from './fixed-page.ts';
import { keepScreenshot } from './keep-screenshot.ts';
import type { Call } from '../../query/ui/calls/call-list.ts';
import { aCall } from '../../query/ui/calls/testing/a-call.ts';

const markup = '<img src=x onerror="document.title=1">';
const endpoints = ['/products', '/orders/{}', '/cart/{}/items', '/reviews/{}', markup];
const many: readonly Call[] = Array.from({ length: 500 }, (_, at) =>
  aCall(at * 37, {
    endpoint: endpoints[at % 5]!,
    client_service_name: at % 4 === 0 ? '' : ['gateway', 'productpage', 'cart'][at % 3]!,
    server_service_name: ['reviews', 'cart', 'redis', 'postgres'][at % 4]!,
    protocol: at % 4 === 2 ? 'redis' : 'http1',
    duration_ns: 300_000 * (1 + ((at * 7919) % 991)),
    ...(at % 11 === 0 ? { status: 'server_error', response_code: 503 } : {}),
  }),
);

let page: FixedPage;
let first: { readonly status: number; readonly body: unknown } = {
  status: 200,
  body: { spans: many, next_cursor: '' },
};
const asked: URL[] = [];
const tails = new Set<ServerResponse>();
const send = (event: string, data: unknown): void => {
  for (const tail of tails) tail.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
};

describeWhere(
  missingBrowser,
  'the calls',
  () => {
    beforeAll(async () => {
      page = await openFixedPage((url, response) => {
        asked.push(url);
        if (url.pathname === '/api/spans') return sendJson(response, first.body, first.status);
        if (url.pathname === '/api/state') return sendJson(response, { stages: [], losses: [], is_truncated: false });
        if (url.pathname !== '/api/spans/tail') return false;
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n');
        tails.add(response);
        response.on('close', () => tails.delete(response));
        return true;
      });
    });
    afterAll(() => page.close());

    it('appear as they are stored, and wait while the list is paused', async () => {
      const window = await page.open('/calls');
      await window.getByText('Live · 500 calls shown').waitFor();
      send('spans', [aCall(90_000, { endpoint: '/new' })]);
      await window.getByRole('gridcell', { name: '/new', exact: true }).waitFor();
      await window.keyboard.press('p');
      await window.getByText('Paused; 0 new').waitFor();
      send('spans', [aCall(90_001, { endpoint: '/newer' }), aCall(90_002)]);
      send('skipped', { count: 12_345 });
      await window.getByText('Paused; 2 new').waitFor();
      await window.getByText('12,345 skipped').waitFor();
      expect(await window.getByRole('gridcell', { name: '/newer', exact: true }).count()).toBe(0);
      await window.getByRole('button', { name: 'Go on' }).click();
      await window.getByRole('gridcell', { name: '/newer', exact: true }).waitFor();
      for (const tail of tails) tail.end();
      await window.getByText('Connecting again').waitFor();
      await window.getByText('Live · 503 calls shown').waitFor();
      await window.context().close();
    });

    it.each(['light', 'dark'] as const)('show all of one call, and lead to its trace (%s)', async (colorScheme) => {
      const window = await page.open('/calls', { colorScheme });
      await window.getByText('Live').waitFor();
      await window.keyboard.press('j');
      await window.keyboard.press('j');
      const call = many.at(-2)!;
      await window.getByRole('link', { name: 'Open its trace' }).waitFor();
      expect(await window.getByRole('link', { name: 'Open its trace' }).getAttribute('href')).toBe(
        `/trace/${call.trace_id}?span=${call.span_id}`,
      );
      await keepScreenshot(window, `calls-${colorScheme}`);
      expect(await axeFindings(window)).toEqual([]);
      expect(await window.title()).toBe('Calls · spanloom');
      await window.keyboard.press('Escape');
      await window.getByRole('link', { name: 'Open its trace' }).waitFor({ state: 'detached' });
      await window.context().close();
    });

    it('are those that the filter says, by the address and by hand', async () => {
      const window = await page.open("/calls?where=pod%20%3D%20'a'&last=1h");
      await window.getByText('Live').waitFor();
      const parametersOf = (path: string) => asked.findLast(({ pathname }) => pathname === path)!.searchParams;
      expect(parametersOf('/api/spans').get('where')).toBe("pod = 'a'");
      expect(parametersOf('/api/spans/tail').get('where')).toBe("pod = 'a'");
      expect(parametersOf('/api/spans/tail').has('from')).toBe(false);
      await window.keyboard.press('/');
      await window.keyboard.press('Control+A');
      await window.keyboard.type("pod = 'b'");
      await window.keyboard.press('Enter');
      await window.waitForFunction(() => new URLSearchParams(location.search).get('where') === "pod = 'b'");
      await window.getByText('Live').waitFor();
      expect(parametersOf('/api/spans').get('where')).toBe("pod = 'b'");
      await window.goBack();
      await window.waitForFunction(() => new URLSearchParams(location.search).get('where') === "pod = 'a'");
      expect(await window.getByRole('combobox', { name: 'Condition' }).inputValue()).toBe("pod = 'a'");
      await window.context().close();
    });

    it('say so where none match, and what is wrong with a condition', async () => {
      first = { status: 200, body: { spans: [], next_cursor: '' } };
      const window = await page.open('/calls');
      await window.getByText('No calls match').waitFor();
      expect(await axeFindings(window)).toEqual([]);
      first = { status: 400, body: { problems: ['where: at character 5: a value is missing'] } };
      await window.goto(`${page.address}/calls?where=pod+%3D`);
      await window.getByText('where: at character 5: a value is missing').waitFor();
      expect(page.errors).toEqual([]);
      await window.context().close();
    });
  },
  browserTimeoutMs,
);
