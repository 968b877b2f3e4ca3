import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import type { ClickHouse } from '../core/clickhouse/clickhouse.ts';
import { directoryOwner } from '../core/clickhouse/directory-owner.ts';
import { openEmbeddedClickHouse } from '../core/clickhouse/embedded.ts';
import { migrate } from '../core/clickhouse/migrate.ts';
import { loadBatch, loadBatchCounts, loadBatchStartNs } from './testing/load-batch.ts';
import { storeMessages } from './testing/temporary-clickhouse.ts';

const script = join(import.meta.dirname, 'testing', 'insert-forever.ts');

interface Progress {
  /** Batches that were stored, counted from 0. */
  readonly stored: number;
  /** Batches that were begun. */
  readonly begun: number;
}

/**
 * Runs the script from batch `first` and kills it when it says that it has come to `step` of the batch `after` batches later,
 * whatever it is doing by then.
 */
async function insertUntilKilled(directory: string, first: number, step: string, after: number): Promise<Progress> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, directory, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('close', (_, signal) => resolve(signal)));
  let [stored, begun] = [first, first];
  for await (const line of createInterface({ input: child.stdout })) {
    const number = Number(line.split(' ').at(-1));
    if (line === `${step} ${first + after}`) child.kill('SIGKILL');
    if (line.startsWith('stored ')) stored = number + 1;
    else begun = number + 1;
  }
  expect(await ended).toBe('SIGKILL');
  return { stored, begun };
}

const times = (batches: number): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(loadBatchCounts).map(([what, count]) => [what, count * batches]));

describe('kill -9', () => {
  it('in the middle of inserts loses nothing that was stored, and what is stored again is there once', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'spanloom-kill-'));
    try {
      let stored = 0;
      let begun = 0;
      for (const [step, after] of [
        ['insert spans', 0],
        ['insert trace', 1],
        ['insert flow', 2],
        ['stored', 3],
      ] as const) {
        // The batch that was not known to be stored is stored again.
        const first = stored;
        ({ stored, begun } = await insertUntilKilled(directory, first, step, after));
        expect(stored).toBeGreaterThanOrEqual(first + after);
        expect(directoryOwner(directory)).toBeUndefined();
      }
      const clickHouse = openEmbeddedClickHouse({ directory });
      try {
        await migrate(clickHouse);
        const before = `start_time < fromUnixTimestamp64Nano(${loadBatchStartNs(stored)}, 'UTC')`;
        expect(await counts(clickHouse, before)).toEqual(times(stored));
        for (let number = 0; number < begun; number++) await storeMessages(clickHouse, loadBatch(number));
        expect(await counts(clickHouse)).toEqual(times(begun));
        const [rows] = await clickHouse.select(
          `SELECT uniqExact(span_id) AS spans, (SELECT uniqExact(flow_id) FROM flow) AS flows,
          (SELECT sum(flows) FROM flow_minute) AS flows_in_minutes FROM spans`,
        );
        const { spans, flows } = times(begun);
        expect(rows).toEqual({ spans, flows, flows_in_minutes: flows });
      } finally {
        await clickHouse.close();
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

/** Rows that readers see. */
async function counts(clickHouse: ClickHouse, condition = 'true'): Promise<unknown> {
  const [row] = await clickHouse.select(
    `SELECT (SELECT count() FROM trace FINAL WHERE ${condition}) AS traces,
    (SELECT count() FROM spans FINAL WHERE ${condition}) AS spans,
    (SELECT count() FROM reported_span FINAL WHERE ${condition}) AS reported_spans,
    (SELECT count() FROM flow FINAL WHERE ${condition}) AS flows`,
  );
  return row;
}
