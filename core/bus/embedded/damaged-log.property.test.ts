/**
 * A log that was cut or changed on the disk. LMDB maps the file: what is wrong with it would end the process by a signal. So
 * copies are opened in a process of their own, and a crash is seen as one.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../testing/random.ts';
import { propertyRuns } from '../../../schemas/testing/property-runs.ts';
import { openEmbeddedBus } from './embedded-bus.ts';
import type { Damage } from './testing/damage.ts';

const pageBytes = 4096;
const program = fileURLToPath(new URL('testing/open-damaged.ts', import.meta.url));

let folder: string;
let sound: string;
let bytes: Buffer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bus-damaged-'));
  sound = join(folder, 'sound');
  const bus = openEmbeddedBus({ directory: sound });
  await bus.ensureTopics([
    { name: 'events', partitions: 2 },
    { name: 'resources', partitions: 1, compacted: true },
  ]);
  const producer = await bus.producer();
  // Enough for trees of two levels, values on pages of their own, and pages that are free again.
  for (let index = 0; index < 150; index++)
    await producer.send([
      { topic: 'events', key: `k${index}`, value: Buffer.alloc(index * 30, index) },
      {
        topic: 'resources',
        key: `r${index % 110}`,
        value: Buffer.alloc(30 + index, index),
        headers: { schema: 'abc' },
      },
    ]);
  await bus.close();
  bytes = readFileSync(join(sound, 'data.mdb'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What became of each: `ok`, or a code and a sentence. */
async function outcomesOf(cases: readonly Damage[]): Promise<readonly string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, sound, join(folder, 'copy')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  child.stdin.end(cases.map((each) => JSON.stringify(each)).join('\n'));
  const outcomes: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) outcomes.push(line);
  // A crash shows with the case that made it.
  expect({ ended: await ended, at: cases[outcomes.length] }).toEqual({ ended: [0, null], at: undefined });
  return outcomes;
}

const isTold = (outcome: string): boolean => outcome.startsWith('FILE_CORRUPT ');

describe('a log', () => {
  test('that is cut at any page, or within one, is refused with a sentence', { timeout: 120_000 }, async () => {
    const lengths = Array.from({ length: bytes.length / pageBytes }, (_, page) => page * pageBytes);
    const outcomes = await outcomesOf(
      lengths.flatMap((keep, page) => (page % 4 === 0 ? [{ keep }, { keep: keep + 3_000 }] : [{ keep }])),
    );
    // Pages at the end may be free ones, which nothing needs.
    const firstWhole = outcomes.indexOf('ok');
    const told = firstWhole < 0 ? outcomes : outcomes.slice(0, firstWhole);
    expect(told.length).toBeGreaterThan(lengths.length / 2);
    expect(told.every(isTold)).toBe(true);
    expect(outcomes.slice(told.length).every((outcome) => outcome === 'ok')).toBe(true);
  });

  test('with a page of zeroes is refused, unless the page is free', { timeout: 120_000 }, async () => {
    const pages = Array.from({ length: bytes.length / pageBytes }, (_, page) => page * pageBytes);
    const outcomes = await outcomesOf(pages.map((from) => ({ zeroes: [from, from + pageBytes] as const })));
    expect(outcomes.slice(0, 2).every(isTold)).toBe(true);
    expect(outcomes.filter((outcome) => outcome !== 'ok' && !isTold(outcome))).toEqual([]);
  });

  test('with any byte changed never ends the process', { timeout: 240_000 }, async () => {
    const random = new Random(7);
    const metaBytes = Array.from({ length: 2 * 176 }, (_, index) => (index % 176) + (index < 176 ? 0 : pageBytes));
    const every = Math.ceil(metaBytes.length / propertyRuns(88));
    const inMeta = metaBytes
      .filter((_, index) => index % every === 0)
      .map((place) => ({ place, value: bytes[place]! ^ (1 << random.below(8)) }));
    const anywhere = Array.from({ length: propertyRuns(160) }, () => {
      const page = random.below(bytes.length / pageBytes) * pageBytes;
      // What LMDB goes by is at the beginning of a page.
      return { place: page + random.below(random.oneIn(2) ? 64 : pageBytes), value: random.below(256) };
    });
    await outcomesOf([...inMeta, ...anywhere]);
  });

  test('that was emptied is not taken for a new one', () => {
    const emptied = mkdtempSync(join(folder, 'emptied-'));
    copyFileSync(join(sound, 'lock.mdb'), join(emptied, 'lock.mdb'));
    writeFileSync(join(emptied, 'data.mdb'), '');
    expect(() => openEmbeddedBus({ directory: emptied })).toThrow(
      `The log ${join(emptied, 'data.mdb')} is damaged: it is empty, and was not.`,
    );
  });

  test('is used whatever is in the file of its locks when no process holds it', async () => {
    for (const lock of [Buffer.alloc(0), Buffer.alloc(8_272, 0xff), Buffer.from('no lock')]) {
      const copy = mkdtempSync(join(folder, 'lock-'));
      copyFileSync(join(sound, 'data.mdb'), join(copy, 'data.mdb'));
      writeFileSync(join(copy, 'lock.mdb'), lock);
      const bus = openEmbeddedBus({ directory: copy });
      await (await bus.producer()).send([{ topic: 'events', key: 'k', value: Buffer.from('more') }]);
      await bus.close();
    }
  });

  test('says where it ends', () => {
    const copy = mkdtempSync(join(folder, 'cut-'));
    copyFileSync(join(sound, 'data.mdb'), join(copy, 'data.mdb'));
    truncateSync(join(copy, 'data.mdb'), 5 * pageBytes);
    expect(() => openEmbeddedBus({ directory: copy })).toThrow(/ is damaged: it ends at byte 20480, within what /);
  });
});
