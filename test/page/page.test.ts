/** A person walks through the page: in Chromium, before the real query stage with the demo's recording. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { projectFile } from '../../core/project-files.ts';
import { clusterFile } from '../../demo/cluster.ts';
import { type RunningCommand, spanloom, startSpanloom, untilSays } from '../e2e/spanloom.ts';
import { describeWhere } from '../requirement.ts';
import { axeFindings } from './axe-findings.ts';
import { browserTimeoutMs } from './browser-timeout.ts';
import { chromiumPath, missingBrowser } from './built-page.ts';
import { generatedOutline, generatedSpan } from './generated-trace.ts';
import { hostileSpans } from './testing/hostile-trace.ts';
import { outlineAnswer } from './testing/outline-answer.ts';
import { type PageServer, servePage } from './page-server.ts';

const ids = { large: 'a'.repeat(32), hops: 'b'.repeat(32), hostile: 'c'.repeat(32), secret: 'd'.repeat(32) };
const screenshots = process.env['TEST_SCREENSHOTS'] ?? join(tmpdir(), 'spanloom-screenshots');

describeWhere(
  missingBrowser,
  'the page',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'spanloom-page-'));
    const settings = { SPANLOOM_DATA_DIR: join(folder, 'data'), SPANLOOM_QUERY_PORT: '0' };
    let stage: RunningCommand | undefined;
    let server: PageServer;
    let browser: Browser | undefined;
    let context: BrowserContext;
    let page: Page;
    let problems: string[];

    beforeAll(async () => {
      mkdirSync(screenshots, { recursive: true });
      const replay = ['replay', projectFile('demo', 'recording.avro'), '--resources', clusterFile];
      expect(await spanloom([...replay, '--data-dir', settings.SPANLOOM_DATA_DIR])).toMatchObject({ code: 0 });
      stage = startSpanloom(['query'], settings);
      const [, port] = await untilSays(stage, /"event":"query_listening".*"port":(\d+)/);
      server = await servePage(Number(port), (path, { headers }) => {
        const [, id, spanId] = /^\/api\/traces\/(\w+)\/(?:outline|spans\/(\w+))$/.exec(path) ?? [];
        const json = (body: unknown): Iterable<string> | number => (body === undefined ? 404 : [JSON.stringify(body)]);
        if (id === ids.large) return generatedOutline(id, 250_000);
        if (id === ids.hops)
          return spanId === undefined
            ? generatedOutline(id, 73, 119_000_000)
            : json(generatedSpan(spanId, 73, 119_000_000));
        if (id === ids.hostile) {
          const spans = hostileSpans();
          const span = spans.find((each) => each.span_id === spanId);
          return spanId === undefined
            ? outlineAnswer(id, spans)
            : json({ span, client_resources: [], server_resources: [] });
        }
        if (path.includes(ids.secret) && headers.authorization !== 'Bearer open sesame') return 401;
        return id === ids.secret ? generatedOutline(id, 7) : undefined;
      });
      browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
    }, 180_000);

    afterAll(async () => {
      await browser?.close();
      await (server as PageServer | undefined)?.close();
      stage?.child.kill('SIGTERM');
      await stage?.ended;
      rmSync(folder, { recursive: true, force: true });
    }, 60_000);

    beforeEach(async () => {
      problems = [];
      context = await browser!.newContext({
        viewport: { width: 1440, height: 900 },
        colorScheme: 'light',
        reducedMotion: 'reduce',
      });
      page = await context.newPage();
      page.setDefaultTimeout(browserTimeoutMs);
      page.on('pageerror', (error) => problems.push(String(error.stack)));
      page.on('console', (message) => {
        // What the API refuses, the page shows; Chromium logs each such answer as an error of its own.
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
          problems.push(message.text());
      });
      page.on('request', (request) => {
        if (!request.url().startsWith(`${server.url}/`)) problems.push(`asked ${request.url()}`);
      });
    });
    afterEach(async () => {
      await context.close();
      expect(problems).toEqual([]);
    });

    const picture = (name: string) => page.screenshot({ path: join(screenshots, `${name}.png`) });
    const rows = () => page.getByRole('treegrid').getByRole('row');

    /** In both colors: nothing that axe finds, and a picture. */
    async function isAccessible(name: string): Promise<void> {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await axeFindings(page), `${name} in ${colorScheme}`).toEqual([]);
        await picture(`${name}-${colorScheme}`);
      }
      await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    }

    it('leads from a search to a trace, a fold, and the reason of an edge', async () => {
      await page.goto(server.url);
      await page.getByRole('combobox', { name: 'Service' }).fill('pricing');
      await page.getByRole('combobox', { name: 'Service' }).press('Enter');
      await page.waitForURL('**/?service=pricing');
      await page.getByLabel('Order').selectOption('slowest');
      await page.waitForURL('**/*sort=slowest');
      await page.getByRole('heading', { name: /^[\d,]+\+? traces?$/ }).waitFor();
      await isAccessible('search');

      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/trace/*');
      await rows().filter({ hasText: 'pricing' }).first().waitFor();
      await isAccessible('trace');

      const whole = await rows().count();
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await expect.poll(() => rows().count()).toBe(1);
      await page.keyboard.press('Enter');
      await expect.poll(() => rows().count()).toBe(whole);

      await rows().filter({ hasText: 'pricing' }).first().click();
      await page.keyboard.press('h');
      await rows().filter({ hasText: 'process of the server' }).first().waitFor();
      const pane = page.getByRole('complementary', { name: 'Selected span' });
      await pane.getByRole('heading', { name: 'Why it is here' }).waitFor();
      await pane.getByText('% certain').waitFor();
      await pane.getByText('pricing-').first().waitFor();
      await isAccessible('trace-span');
      expect(page.url()).toMatch(/span=[0-9a-f]{16}/);

      await page.reload();
      await pane.getByText('% certain').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('complementary', { name: 'Services' }).waitFor();
    });

    it('leads from a box of the heatmap over what is different in it to a filter', async () => {
      await page.goto(server.url);
      const cells = page.getByRole('application', { name: /^Box of the heatmap/ });
      await cells.press('ArrowRight');
      await page.waitForURL('**/?box=*');
      const differences = page.getByRole('region', { name: 'What is different in the box' });
      await differences.getByRole('heading', { name: /in the box/ }).waitFor();
      // From the first cell to the last but its lower half: the slow ones.
      const { x, y, width, height } = (await cells.boundingBox())!;
      await page.mouse.move(x + 1, y + 1);
      await page.mouse.down();
      await page.mouse.move(x + width - 1, y + height / 4);
      await page.mouse.up();
      const report = differences.getByRole('button', { name: /\/reports\/daily/ }).first();
      await report.waitFor();
      await isAccessible('differences');
      await report.click();
      await page.waitForURL(/where=endpoint/);
      await page.getByRole('heading', { name: /^[\d,]+\+? traces?$/ }).waitFor();
      expect(await page.getByRole('combobox', { name: 'Condition' }).inputValue()).toBe("endpoint = '/reports/daily'");
    });

    it('leads from the map to calls and to a trace', async () => {
      const answer = await fetch(`${server.url}/api/traces?limit=1`);
      const { traces } = (await answer.json()) as { traces: readonly { start_time_ns: string }[] };
      const aroundNs = BigInt(traces[0]!.start_time_ns);
      const hourNs = 3_600_000_000_000n;
      await page.goto(`${server.url}/map?from=${aroundNs - hourNs}&to=${aroundNs + hourNs}`);
      await page
        .getByRole('button', { name: /^pricing/ })
        .first()
        .waitFor();
      await isAccessible('map');
      await page
        .getByRole('button', { name: /^pricing/ })
        .first()
        .click();
      await page.getByRole('link', { name: 'Calls it served' }).waitFor();
      await isAccessible('map-pane');
      await page.getByRole('link', { name: 'Calls it served' }).click();
      await page.waitForURL('**/calls?*');
      await page.getByRole('row').filter({ hasText: 'pricing' }).first().click();
      await isAccessible('calls');
      await page.getByRole('link', { name: /trace/i }).last().click();
      await page.waitForURL('**/trace/*');
      await rows().first().waitFor();
    });

    it('shows keys, and takes no notice of them in a field', async () => {
      await page.goto(server.url);
      await page.getByRole('heading', { name: /^[\d,]+\+? traces?$/ }).waitFor();
      await page.keyboard.press('/');
      await page.keyboard.type('pod = ?');
      expect(await page.getByRole('combobox', { name: 'Condition' }).inputValue()).toBe('pod = ?');
      // Once closes the list of what may follow, once more leaves the field.
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
      await isAccessible('keys');
    });

    it('says what to do where there is nothing', async () => {
      await page.goto(`${server.url}/?service=nobody`);
      await page.getByRole('button', { name: 'Clear all filters' }).click();
      await page.getByRole('heading', { name: /^[\d,]+\+? traces?$/ }).waitFor();
      await page.goto(`${server.url}/trace/${'f'.repeat(32)}`);
      await page.getByRole('heading', { name: 'There is no such trace' }).waitFor();
      await isAccessible('no-such-trace');
      await page.goto(`${server.url}/?where=pod+%3D`);
      await page.getByRole('heading', { name: 'The traces could not be read' }).waitFor();
      await page.getByRole('alert').getByText('where').waitFor();
      await page.goto(`${server.url}/nowhere`);
      await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    });

    it('asks for a token, and keeps it for the tab', async () => {
      await page.goto(`${server.url}/trace/${ids.secret}`);
      await page.getByLabel('Token').fill('wrong');
      await page.keyboard.press('Enter');
      await page.getByLabel('Token').fill('open sesame');
      await page.keyboard.press('Enter');
      await rows().first().waitFor();
      await page.reload();
      await rows().first().waitFor();
    });

    it('says of a call with all of its hops whether it was the network', async () => {
      await page.goto(`${server.url}/trace/${ids.hops}`);
      await rows().nth(1).click();
      await page.keyboard.press('h');
      await expect.poll(() => rows().filter({ hasText: /^c-nd/ }).count()).toBe(1);
      await page
        .getByRole('complementary', { name: 'Selected span' })
        .getByRole('row', { name: /c-nd ⇄ s-nd/ })
        .waitFor();
      await isAccessible('hops');
    });

    it('draws what cannot be: cycles, markup, 1970 beside 2262, very many fields', async () => {
      await page.goto(`${server.url}/trace/${ids.hostile}?span=00000000000000a2`);
      await page.getByText('drawn as a root').waitFor();
      await page.getByRole('button', { name: /Show more of 1\d\d,\d\d\d/ }).waitFor();
      expect(await page.evaluate('globalThis.wasExecuted')).toBeUndefined();
      await picture('hostile');
    });

    it('opens 250,000 spans, filters them and goes to the last', async () => {
      await page.goto(`${server.url}/trace/${ids.large}?depth=0`);
      await page.getByText('250,000').first().waitFor();
      await page.getByRole('button', { name: 'Open all' }).click();
      await expect.poll(() => page.getByRole('treegrid').getAttribute('aria-rowcount')).toBe('41668');
      await page.getByRole('treegrid').press('End');
      await page.locator('[role=row][aria-rowindex="41668"]').waitFor();
      await page.getByLabel('Text to look for within the trace').fill('service-11');
      await page.getByText(/[\d,]+ found/).waitFor();
      await picture('large');
    });
  },
  browserTimeoutMs,
);
