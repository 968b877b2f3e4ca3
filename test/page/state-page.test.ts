/** The page of the state in a browser: what it says of a loss, of silence, and of nothing. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StateAnswer } from '../../query/api/routes/state.ts';
import { axeFindings } from './axe-findings.ts';
import { browserTimeoutMs } from './browser-timeout.ts';
import { missingBrowser } from './built-page.ts';
import { describeWhere } from '../requirement.ts';
import { type FixedPage, openFixedPage, sendJson } from './fixed-page.ts';
import { keepScreenshot } from './keep-screenshot.ts';

const nowNs = BigInt(Date.now()) * 1_000_000n;
const agoNs = (seconds: number): string => String(nowNs - BigInt(seconds) * 1_000_000_000n);

function processOf(
  stage: string,
  host: string,
  given: Partial<StateAnswer['stages'][number]>,
): StateAnswer['stages'][number] {
  return {
    stage,
    host,
    instance: `${stage}${host}`,
    version: '0.1.0',
    started_at_ns: agoNs(7_200),
    reported_at_ns: agoNs(4),
    received: 0,
    emitted: 0,
    dropped: {},
    rejected: {},
    buffered: 0,
    lag_messages: 0,
    lag_ms: 0,
    ...given,
  };
}

const markup = '<img src=x onerror="document.title=1">';
const lossy: StateAnswer = {
  stages: [
    processOf('collector', 'node-1', { received: 1_804_233, emitted: 1_803_001, dropped: { ring_full: 1_232 } }),
    processOf('collector', 'node-2', { received: 940_112, emitted: 940_112 }),
    processOf('collector', markup, { received: 12, emitted: 12, reported_at_ns: agoNs(300) }),
    processOf('enricher', 'node-1', {
      received: 2_743_125,
      emitted: 610_208,
      dropped: { continuation: 1_612_004, lifecycle: 411_200, no_protocol: 96_400, evicted: 13 },
      rejected: { undecodable: 2 },
      buffered: 13_298,
      lag_messages: 12,
      lag_ms: 2_300,
    }),
    processOf('correlator', 'node-1', {
      received: 610_208,
      emitted: 598_100,
      dropped: { duplicate: 4 },
      buffered: 12_104,
    }),
    processOf('sink', 'node-1', { received: 598_100, emitted: 598_100 }),
    processOf('resources', 'node-1', { received: 9_400, emitted: 120, dropped: { unchanged: 9_280 } }),
  ],
  losses: [
    {
      stage: 'collector',
      host: 'node-1',
      outcome: 'dropped',
      reason: 'ring_full',
      count: 1_232,
      first_ns: agoNs(400),
      last_ns: agoNs(370),
    },
    {
      stage: 'enricher',
      host: 'node-1',
      outcome: 'dropped',
      reason: 'evicted',
      count: 13,
      first_ns: agoNs(200),
      last_ns: agoNs(200),
    },
    {
      stage: 'enricher',
      host: 'node-1',
      outcome: 'rejected',
      reason: markup,
      count: 2,
      first_ns: agoNs(100),
      last_ns: agoNs(90),
    },
  ],
  is_truncated: false,
};

let answer: { readonly status: number; readonly body: unknown } = { status: 200, body: lossy };
let asked: string[] = [];
let page: FixedPage;

describeWhere(
  missingBrowser,
  'the page of the state',
  () => {
    beforeAll(async () => {
      page = await openFixedPage((url, response) => {
        if (url.pathname !== '/api/state') return false;
        asked.push(url.search);
        return sendJson(response, answer.body, answer.status);
      });
    });
    afterAll(() => page.close());

    it.each(['light', 'dark'] as const)('says what was lost, where, when and why (%s)', async (colorScheme) => {
      answer = { status: 200, body: lossy };
      const window = await page.open('/state', { colorScheme });
      expect(await window.locator('.verdict').textContent()).toContain(
        '1,247 records are lost or incomplete; 1 process stopped reporting',
      );
      const losses = await window
        .locator('section', { has: window.locator('#losses') })
        .locator('tbody tr')
        .allTextContents();
      expect(losses[0]).toMatch(/1,232.*collector.*node-1.*ring full.*did not keep up/);
      expect(losses[2]).toContain(markup);
      await keepScreenshot(window, `state-${colorScheme}`);
      expect(await axeFindings(window)).toEqual([]);
      expect(await window.title()).toBe('State · spanloom');
      await window.context().close();
    });

    it('shows the processes of one stage, by its address', async () => {
      const window = await page.open('/state?last=1h');
      await window.getByRole('button', { name: /^enricher/ }).press('Enter');
      await window.getByRole('heading', { name: 'Processes of stage enricher' }).waitFor();
      expect(new URL(window.url()).search).toBe('?last=1h&stage=enricher');
      await window.context().close();
    });

    it('holds a range still', async () => {
      asked = [];
      const window = await page.open('/state?from=2026-01-31T12:00:00Z&to=2026-01-31T12:05:00Z');
      await window.locator('.verdict').waitFor();
      expect(asked).toEqual(['?from=1769860800000000000&to=1769861100000000000']);
      await window.context().close();
    });

    it('says that nothing was lost, that nobody reported, and what went wrong', async () => {
      answer = {
        status: 200,
        body: { stages: [processOf('sink', 'one', { received: 5, emitted: 5 })], losses: [], is_truncated: true },
      };
      const window = await page.open('/state');
      await window.getByText('Nothing that the stages count was lost in the last 15 min.').waitFor();
      await window.getByText('There are more processes than are read').waitFor();
      answer = { status: 200, body: { stages: [], losses: [], is_truncated: false } };
      await window.reload();
      await window.getByText('No process reported in this time').waitFor();
      expect(await axeFindings(window)).toEqual([]);
      answer = { status: 400, body: { problems: ['from: is too early'] } };
      await window.reload();
      await window.getByText('from: is too early').waitFor();
      expect(page.errors).toEqual([]);
      await window.context().close();
    });
  },
  browserTimeoutMs,
);
