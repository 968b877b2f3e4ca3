/** The map in a browser: what it draws, the way from an edge to its calls, keys, and any number of services with any names. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FlowSeriesAnswer } from '../../query/api/routes/flow-series.ts';
import type { SeriesAnswer } from '../../query/api/routes/series.ts';
import type { TopologyAnswer } from '../../query/api/routes/topology.ts';
import { axeFindings } from './axe-findings.ts';
import { browserTimeoutMs } from './browser-timeout.ts';
import { missingBrowser } from './built-page.ts';
import { describeWhere } from '../requirement.ts';
import { type FixedPage, openFixedPage, sendJson } from './fixed-page.ts';
import { keepScreenshot } from './keep-screenshot.ts';
import { aChain, aNode, anEdge } from '../../query/ui/map/testing/a-topology.ts';

const markup = '<img src=x onerror="document.title=1">';
const packets = { packets: 120_000, retransmissions: 260, round_trip_count: 9_000, round_trip_mean_ns: 310_000 };
const shop: TopologyAnswer = {
  nodes: [
    aNode('outside:internet', { name: 'internet', kind: 'outside', is_outside: true, calls: 0 }),
    aNode('gateway', { group: 'edge', calls: 40_210, errors: 310, p99_ns: 182_000_000 }),
    aNode('productpage', { group: 'shop', calls: 38_000, errors: 200, p99_ns: 160_000_000 }),
    aNode('reviews', { group: 'shop', calls: 36_500, p99_ns: 92_000_000 }),
    aNode('ratings', { group: 'shop', calls: 24_000, errors: 480, p99_ns: 12_000_000 }),
    aNode('details', { group: 'shop', calls: 38_000, p99_ns: 4_100_000 }),
    aNode('cart', { group: 'shop', calls: 8_120, p99_ns: 22_000_000 }),
    aNode('redis', { group: 'data', calls: 61_000, p99_ns: 640_000 }),
    aNode('postgres', { group: 'data', calls: 22_000, errors: 4, p99_ns: 18_000_000 }),
    aNode('a-service-with-a-very-long-name-7f9c', { group: 'data', calls: 310, p99_ns: 1_200_000_000 }),
    aNode('markup', { name: markup, group: markup, calls: 12 }),
    aNode('outside:stripe', {
      name: 'api.stripe.com',
      kind: 'outside',
      is_outside: true,
      calls: 1_200,
      p99_ns: 340_000_000,
    }),
  ],
  edges: [
    anEdge('outside:internet', 'gateway', { calls: 40_210, errors: 310, p99_ns: 182_000_000 }),
    anEdge('gateway', 'productpage', { calls: 38_000, errors: 200, p99_ns: 160_000_000, ...packets }),
    anEdge('productpage', 'reviews', { calls: 36_500, p99_ns: 92_000_000, ...packets, retransmissions: 0 }),
    anEdge('productpage', 'details', { calls: 38_000, p99_ns: 4_100_000 }),
    anEdge('reviews', 'ratings', { calls: 24_000, errors: 480, p99_ns: 12_000_000, ...packets, resets: 3 }),
    anEdge('gateway', 'cart', { calls: 8_120, p99_ns: 22_000_000 }),
    anEdge('cart', 'redis', { calls: 61_000, p99_ns: 640_000, protocols: ['redis'] }),
    anEdge('cart', 'postgres', { calls: 8_000, errors: 4, p99_ns: 18_000_000, protocols: ['postgresql'] }),
    anEdge('ratings', 'postgres', { calls: 14_000, p99_ns: 9_000_000, protocols: ['postgresql'] }),
    anEdge('cart', 'outside:stripe', { calls: 1_200, p99_ns: 340_000_000 }),
    anEdge('ratings', 'reviews', { calls: 20, p99_ns: 3_000_000 }),
    anEdge('cart', 'cart', { calls: 90 }),
    anEdge('details', 'a-service-with-a-very-long-name-7f9c', { calls: 310 }),
    anEdge('details', 'markup', { calls: 12 }),
  ],
  is_truncated: false,
};

const startS = 1_769_860_800;
const series: SeriesAnswer = {
  step_s: 15,
  series: [
    {
      key: '',
      points: Array.from({ length: 60 }, (_, at) => ({
        time_s: startS + at * 15,
        calls: 600 + 90 * Math.round(3 * Math.sin(at / 7)),
        errors: at % 17 === 0 ? 40 : 3,
        p50_ns: 2_000_000 + 200_000 * (at % 5),
        p90_ns: 9_000_000,
        p99_ns: 30_000_000 + 4_000_000 * (at % 7),
      })),
    },
  ],
  is_truncated: false,
};
const flows: FlowSeriesAnswer = {
  step_s: 60,
  points: Array.from({ length: 15 }, (_, at) => ({
    time_s: startS + at * 60,
    packets: 8_000,
    bytes: 9_000_000,
    retransmissions: at === 9 ? 160 : 6,
    resets: 0,
    zero_windows: 0,
    round_trip_mean_ns: at === 3 ? -1 : 300_000 + 10_000 * at,
    round_trip_max_ns: 2_000_000,
    handshake_mean_ns: 90_000,
    opened: 3,
    refused: 0,
  })),
};
const loss = {
  stages: [],
  losses: [
    {
      stage: 'collector',
      host: 'node-1',
      outcome: 'dropped',
      reason: 'ring_full',
      count: 1_232,
      first_ns: `${startS}000000000`,
      last_ns: `${startS + 30}000000000`,
    },
  ],
  is_truncated: false,
};

let topology: TopologyAnswer = shop;
let state: unknown = loss;
let newest: { readonly start_time_ns: string; readonly duration_ns: number } | undefined;
const asked: URL[] = [];
let page: FixedPage;

describeWhere(
  missingBrowser,
  'the map',
  () => {
    beforeAll(async () => {
      page = await openFixedPage((url, response) => {
        asked.push(url);
        const bodies: Readonly<Record<string, unknown>> = {
          '/api/topology': topology,
          '/api/series': series,
          '/api/flow-series': flows,
          '/api/state': state,
          '/api/traces': { traces: newest === undefined ? [] : [newest], next_cursor: '' },
        };
        return url.pathname in bodies && sendJson(response, bodies[url.pathname]);
      });
    });
    afterAll(() => page.close());

    it.each(['light', 'dark'] as const)(
      'draws who calls whom, and says what was lost in this time (%s)',
      async (colorScheme) => {
        const window = await page.open('/map', { colorScheme });
        await window.getByRole('button', { name: 'ratings 26.7/s · 12.0 ms · ✕ 2.0 %' }).waitFor();
        await window.getByText('1,232 records lost or incomplete at the collector of node-1 (ring full)').waitFor();
        expect(await window.getByRole('link', { name: 'What was lost' }).getAttribute('href')).toBe('/state?last=15m');
        await keepScreenshot(window, `map-${colorScheme}`);
        expect(await axeFindings(window)).toEqual([]);
        await window.context().close();
      },
    );

    it('leads from an edge to its figures over time and its calls', async () => {
      state = { ...loss, losses: [] };
      const window = await page.open('/map?group=namespace&last=1h');
      await window.locator('.map-edge', { hasText: '✕ 2.0 %' }).locator('.map-edge-area').click({ force: true });
      await window.getByRole('figure', { name: /^Calls: all/ }).waitFor();
      await window.getByRole('figure', { name: /^Round trip: mean 440 µs/ }).waitFor();
      await keepScreenshot(window, 'map-edge');
      expect(await axeFindings(window)).toEqual([]);
      expect(await window.locator('.loss-banner').count()).toBe(0);
      const { searchParams } = asked.findLast(({ pathname }) => pathname === '/api/series')!;
      const where = "client.auto_service = 'reviews' and server.auto_service = 'ratings'";
      expect(searchParams.get('where')).toBe(where);
      const calls = await window.getByRole('link', { name: 'Calls', exact: true }).last().getAttribute('href');
      const { pathname, searchParams: linked } = new URL(calls!, page.address);
      expect([pathname, linked.get('where'), linked.get('last')]).toEqual(['/calls', where, '1h']);
      await window.reload();
      await window.getByRole('figure', { name: /^Calls: all/ }).waitFor();
      await window.keyboard.press('Escape');
      await window.waitForFunction(() => !location.search.includes('selected'));
      await window.context().close();
    });

    it('is walked by keys: from node to node, to the pane, to an edge', async () => {
      const window = await page.open('/map');
      const box = (name: string) => window.getByRole('button', { name: new RegExp(`^${name} `) });
      await box('redis').waitFor();
      await window.locator('.map-node[tabindex="0"]').focus();
      const before = await window.evaluate(() => document.activeElement?.id);
      await window.keyboard.press('ArrowLeft');
      expect(await window.evaluate(() => document.activeElement?.id)).not.toBe(before);
      await box('productpage').focus();
      expect(await window.locator('.map-node:not(.map-dim)').count()).toBe(4);
      await window.keyboard.press('Enter');
      await window.getByRole('heading', { name: 'productpage' }).waitFor();
      await window.getByRole('button', { name: 'reviews', exact: true }).press('Enter');
      await window.getByRole('heading', { name: 'productpage → reviews' }).waitFor();
      await window.keyboard.press('Escape');
      await box('redis').focus();
      await window.keyboard.press('e');
      await window.keyboard.press('Enter');
      await window.getByRole('heading', { name: 'cart → redis' }).waitFor();
      await window.context().close();
    });

    it('shows the same as a table', async () => {
      const window = await page.open('/map');
      await window.getByRole('button', { name: 'Table' }).click();
      const first = window.locator('tbody tr').first();
      expect(await first.textContent()).toContain('cartredisredis67.8/s0');
      expect(await axeFindings(window)).toEqual([]);
      await keepScreenshot(window, 'map-table');
      await window.context().close();
    });

    it('is bounded with a hundred thousand services, and finds one of them by name', async () => {
      topology = aChain(100_000);
      const window = await page.open('/map');
      await window.getByText('The 60 busiest of 100,000 nodes are drawn').waitFor();
      expect(await window.locator('.map-node').count()).toBe(60);
      await keepScreenshot(window, 'map-many');
      const last = window.getByRole('button', { name: /^service-99998 / });
      await last.focus();
      await window.waitForFunction(() => document.activeElement!.getBoundingClientRect().right < innerWidth);
      await window.keyboard.press('/');
      await window.keyboard.type('service-4321');
      await window.getByRole('button', { name: /^service-4321 / }).waitFor();
      expect(new URL(window.url()).search).toBe('?q=service-4321');
      await window.getByRole('searchbox').fill(markup);
      await window.getByText(`No name has “${markup}” in it`).waitFor();
      await window.context().close();
      topology = shop;
    });

    it('says so where there is nothing, and takes names with markup as names', async () => {
      const window = await page.open('/map?q=onerror');
      await window.getByRole('button', { name: '<img src=x…title=1">' }).waitFor();
      expect(await window.title()).toBe('Map · spanloom');
      topology = { nodes: [], edges: [], is_truncated: false };
      await window.goto(`${page.address}/map`);
      await window.getByText('No calls in this time').waitFor();
      newest = { start_time_ns: `${startS}000000000`, duration_ns: 1_000_000 };
      await window.goto(`${page.address}/map`);
      const [fromNs, toNs] = [BigInt(startS - 900) * 1_000_000_000n, BigInt(startS) * 1_000_000_000n + 1_001_000_000n];
      await window.waitForURL(`**/map?from=${fromNs}&to=${toNs}`);
      await window.goto(`${page.address}/map?last=1h`);
      await window.getByRole('button', { name: /^Show the newest, of / }).click();
      await window.waitForURL(`**/map?from=${fromNs}&to=${toNs}`);
      expect(page.errors).toEqual([]);
      await window.context().close();
      topology = shop;
    });
  },
  browserTimeoutMs,
);
