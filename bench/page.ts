/**
 * The web page in Chromium: how long a trace takes from the request for its page to rows that are drawn, and how many frames a
 * second are drawn while a person scrolls through all of them.
 *
 * Usage: npm run bench -- page [spans…]
 */
import { chromium, type Page } from 'playwright-core';
import { generatedTrace } from '../test/page/generated-trace.ts';
import { chromiumPath } from '../test/page/built-page.ts';
import { servePage } from '../test/page/page-server.ts';

const rounds = 5;
const scrollMs = 3_000;
/** In ids, as the path of a trace of so many spans. */
const idOf = (spans: number): string => spans.toString(16).padStart(32, '0');

/** Frames that were drawn while the list scrolled from its beginning to its end, and the longest between two. */
const scroll = `new Promise((done) => {
  const list = document.querySelector('[role=treegrid]');
  const began = performance.now();
  const times = [];
  const next = (now) => {
    times.push(now);
    const share = (performance.now() - began) / ${scrollMs};
    list.scrollTop = share * (list.scrollHeight - list.clientHeight);
    if (share < 1) return requestAnimationFrame(next);
    const gaps = times.slice(1).map((time, at) => time - times[at]);
    done({ frames: gaps.length / (times.at(-1) - times[0]) * 1000, longestMs: Math.max(...gaps) });
  };
  requestAnimationFrame(next);
})`;

async function openMs(page: Page, url: string): Promise<number> {
  await page.goto('about:blank');
  const began = performance.now();
  await page.goto(url, { waitUntil: 'commit' });
  await page.locator('[role=treegrid] [role=row]').first().waitFor();
  await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
  return performance.now() - began;
}

async function measure(page: Page, url: string, spans: number): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await openMs(page, `${url}/trace/${idOf(spans)}`));
  times.sort((one, other) => one - other);
  const { frames, longestMs } = await page.evaluate<{ readonly frames: number; readonly longestMs: number }>(scroll);
  console.log(
    `${spans.toLocaleString('en')} spans: open ${Math.round(times[rounds >> 1]!)} ms (${Math.round(times[0]!)} to ` +
      `${Math.round(times.at(-1)!)}); scrolling ${frames.toFixed(0)} frames/s, longest frame ${longestMs.toFixed(0)} ms`,
  );
}

const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1_000, 50_000, 250_000];
const texts = new Map(counts.map((spans) => [`/api/traces/${idOf(spans)}`, [...generatedTrace(idOf(spans), spans)]]));
const server = await servePage(1, (path) => texts.get(path) ?? 404);
const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(120_000);
  for (const spans of counts) await measure(page, server.url, spans);
} finally {
  await browser.close();
  await server.close();
}
