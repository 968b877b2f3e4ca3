/**
 * The web page in Chromium: how long a trace takes from the request for its page to rows that are drawn, and how many frames a
 * second are drawn while a person scrolls through all of them. Traces are stored in the embedded ClickHouse and come by the query
 * stage, and besides from memory, which is the page's own share.
 *
 * Usage: npm run bench -- page [spans…]
 */
import { chromium, type Page } from 'playwright-core';
import { storedApi } from '../test/interop/stored-api.ts';
import { chromiumPath } from '../test/page/built-page.ts';
import { generatedOutline } from '../test/page/generated-trace.ts';
import { servePage } from '../test/page/page-server.ts';
import { storeLargeTrace } from '../test/page/stored-large-trace.ts';

const rounds = 5;
const scrollMs = 3_000;
const goalFrames = 50;
/** Milliseconds in which a trace of so many spans is to be open. */
const goalMs = (spans: number): number => (spans <= 1_000 ? 1_000 : 5_000);
/** In ids, as the path of a trace of so many spans. */
const idOf = (kind: 'a' | 'b', spans: number): string => kind + spans.toString(16).padStart(31, '0');

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

const median = (sorted: readonly number[]): number => sorted[sorted.length >> 1]!;
const share = (value: number, goal: number): string => `${(value / goal).toFixed(2)} of ${goal.toLocaleString('en')}`;

async function measure(page: Page, url: string, spans: number, title: string): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await openMs(page, url));
  times.sort((one, other) => one - other);
  const scrolls = [];
  for (let round = 0; round < 3; round++)
    scrolls.push(await page.evaluate<{ readonly frames: number; readonly longestMs: number }>(scroll));
  scrolls.sort((one, other) => one.frames - other.frames);
  const { frames, longestMs } = scrolls[1]!;
  console.log(
    `${spans.toLocaleString('en')} spans ${title}: open ${Math.round(median(times))} ms (${share(median(times), goalMs(spans))} ms; ` +
      `${Math.round(times[0]!)} to ${Math.round(times.at(-1)!)}); scrolling ${frames.toFixed(0)} frames/s ` +
      `(${share(frames, goalFrames)}), longest frame ${longestMs.toFixed(0)} ms`,
  );
}

const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1_000, 250_000];
const api = await storedApi([]);
const texts = new Map<string, readonly string[]>();
for (const spans of counts) {
  await storeLargeTrace(api.database.clickHouse, idOf('a', spans), spans);
  const pieces: string[] = [];
  for await (const piece of generatedOutline(idOf('b', spans), spans)) pieces.push(piece);
  texts.set(`/api/traces/${idOf('b', spans)}/outline`, pieces);
}
const server = await servePage(api.port, (path) => texts.get(path));
const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(120_000);
  for (const spans of counts) {
    await measure(page, `${server.url}/trace/${idOf('a', spans)}`, spans, 'stored');
    await measure(page, `${server.url}/trace/${idOf('b', spans)}`, spans, 'from memory');
  }
} finally {
  await browser.close();
  await server.close();
  await api.close();
}
