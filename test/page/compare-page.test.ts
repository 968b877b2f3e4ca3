/** Two traces in a browser: what takes longer, and what only one has. */
import { pipeline, Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { axeFindings } from './axe-findings.ts';
import { browserTimeoutMs } from './browser-timeout.ts';
import { missingBrowser } from './built-page.ts';
import { describeWhere } from '../requirement.ts';
import { type FixedPage, openFixedPage } from './fixed-page.ts';
import { keepScreenshot } from './keep-screenshot.ts';
import { outlineAnswer } from './testing/outline-answer.ts';
import { testSpan, type TestSpan } from '../../query/ui/trace/model/testing/a-trace-model.ts';

const [fast, slow] = ['a'.repeat(32), 'b'.repeat(32)];
const markup = '<img src=x onerror="document.title=1">';
const call = (
  id: string,
  parent: string,
  server: string,
  endpoint: string,
  ms: readonly [number, number],
): TestSpan => ({
  id,
  parent,
  ms,
  endpoint,
  server_service_name: server,
});
const traces: Readonly<Record<string, readonly TestSpan[]>> = {
  [fast]: [
    call('1', '', 'shop', '/orders', [0, 100]),
    call('2', '1', 'cart', '/items', [10, 20]),
    call('3', '1', 'stock', '/stock/{}', [20, 40]),
    call('4', '3', 'db', 'SELECT', [22, 25]),
  ],
  [slow]: [
    call('a', '', 'shop', '/orders', [0, 190]),
    call('b', 'a', 'stock', '/stock/{}', [10, 120]),
    { ...call('c', 'b', 'db', 'SELECT', [12, 110]), status: 'timeout' },
    call('d', 'a', markup, markup, [130, 140]),
  ],
};

let page: FixedPage;

describeWhere(
  missingBrowser,
  'two traces',
  () => {
    beforeAll(async () => {
      page = await openFixedPage((url, response) => {
        const id = /^\/api\/traces\/(\w+)\/outline$/.exec(url.pathname)?.[1] ?? '';
        const spans = traces[id];
        if (spans === undefined) return false;
        response.writeHead(200, { 'content-type': 'application/json' });
        pipeline(Readable.from(outlineAnswer(id, spans.map(testSpan))), response, () => undefined);
        return true;
      });
    });
    afterAll(() => page.close());

    it.each(['light', 'dark'] as const)('are compared call by call (%s)', async (colorScheme) => {
      const window = await page.open('/compare', { colorScheme });
      await window.getByRole('textbox', { name: 'Id of trace A' }).fill(fast);
      await window.getByRole('textbox', { name: 'Id of trace B' }).fill(slow);
      await window.getByRole('button', { name: 'Compare' }).click();
      await window.getByText('B took 90.0 ms more than A; 1 call only in A; 1 call only in B.').waitFor();
      const rows = (): Promise<readonly string[]> => window.locator('.compare-row[aria-rowindex]').allTextContents();
      const [, , , db] = await rows();
      expect(db).toContain('✕ 98.0 ms+95.0 ms');
      await keepScreenshot(window, `compare-${colorScheme}`);
      expect(await axeFindings(window)).toEqual([]);
      await window.getByRole('button', { name: 'Greatest difference' }).click();
      await window.waitForFunction(
        () => document.querySelector('.compare-row[aria-rowindex="2"] b')?.textContent === 'db',
      );
      expect(new URL(window.url()).pathname).toBe(`/compare/${fast}/${slow}`);
      expect(await window.title()).toBe('Compare · spanloom');
      await window.context().close();
    });

    it('are asked for, and it is said which is not there', async () => {
      const window = await page.open('/compare');
      await window.getByText('Which traces?').waitFor();
      await window.goto(`${page.address}/compare/${fast}/dead`);
      await window.getByText('Trace dead could not be read').waitFor();
      expect(page.errors).toEqual([]);
      await window.context().close();
    });
  },
  browserTimeoutMs,
);
