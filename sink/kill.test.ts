import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { directoryOwner } from '../core/clickhouse/directory-owner.ts';
import { openEmbeddedClickHouse } from '../core/clickhouse/embedded.ts';
import { migrate } from '../core/clickhouse/migrate.ts';
import { storeMessages } from './testing/temporary-clickhouse.ts';
import { makeLoadTrace, traceMessage } from './testing/traces.ts';

const script = join(import.meta.dirname, 'testing', 'insert-forever.ts');
const spansPerBatch = 200 * 8;

interface Progress {
  /** Batches that were stored, counted from 0. */
  readonly stored: number;
  /** Batches that were begun. */
  readonly begun: number;
}

/** Runs the script from batch `first` and kills it `afterMs` into storing, whatever it is doing then. */
async function insertUntilKilled(directory: string, first: number, afterMs: number): Promise<Progress> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, directory, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let [stored, begun] = [first, first];
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, batch] = line.split(' ');
    if (what === 'stored') stored = Number(batch) + 1;
    if (what !== 'begin') continue;
    begun = Number(batch) + 1;
    if (Number(batch) === first)
      void sleep(afterMs).then(() => {
        child.kill('SIGKILL');
      });
  }
  await ended;
  return { stored, begun };
}

describe('kill -9', () => {
  it('in the middle of inserts loses nothing that was stored, and what is stored again is there once', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'spanloom-kill-'));
    try {
      let stored = 0;
      let begun = 0;
      for (const afterMs of [3, 47, 160, 333]) {
        // The batch that was not known to be stored is stored again.
        ({ stored, begun } = await insertUntilKilled(directory, stored, afterMs));
        expect(directoryOwner(directory)).toBeUndefined();
      }
      const clickHouse = openEmbeddedClickHouse({ directory });
      try {
        await migrate(clickHouse);
        const count = async (): Promise<number> => {
          const [row] = await clickHouse.select<{ spans: number }>(
            `SELECT count() AS spans FROM spans FINAL WHERE start_time < fromUnixTimestamp64Nano(${makeLoadTrace(stored * 200).startTimeNs}, 'UTC')`,
          );
          return row!.spans;
        };
        expect(begun).toBeGreaterThan(0);
        expect(await count()).toBe(stored * spansPerBatch);
        for (let batch = 0; batch < begun; batch++)
          await storeMessages(
            clickHouse,
            Array.from({ length: 200 }, (_, index) => traceMessage(makeLoadTrace(batch * 200 + index), index)),
          );
        const [rows] = await clickHouse.select(
          'SELECT count() AS spans, uniqExact(span_id) AS ids, (SELECT count() FROM trace FINAL) AS traces FROM spans FINAL',
        );
        expect(rows).toEqual({ spans: begun * spansPerBatch, ids: begun * spansPerBatch, traces: begun * 200 });
      } finally {
        await clickHouse.close();
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
