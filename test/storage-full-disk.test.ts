import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openEmbeddedClickHouse } from '../core/clickhouse/embedded.ts';
import { migrate } from '../core/clickhouse/migrate.ts';
import { storeMessages } from '../sink/testing/temporary-clickhouse.ts';
import { makeLoadTrace, traceMessage } from '../sink/testing/traces.ts';
import { describeWhere, rootMissing } from './requirement.ts';

const mountPoint = mkdtempSync(join(tmpdir(), 'spanloom-full-'));
const mount = (...parameters: readonly string[]): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', ...parameters, 'tmpfs', mountPoint]).status === 0;
const missing = rootMissing() ?? (mount('size=7m') ? undefined : 'it mounts a file system, which is not allowed here');

afterAll(() => {
  if (missing === undefined) spawnSync('umount', [mountPoint]);
  rmSync(mountPoint, { recursive: true, force: true });
});

const tracesPerBatch = 200;
const batchOf = (batch: number): ReturnType<typeof traceMessage>[] =>
  Array.from({ length: tracesPerBatch }, (_, index) =>
    traceMessage(makeLoadTrace(batch * tracesPerBatch + index), index),
  );

describeWhere(missing, 'a full disk under ClickHouse', () => {
  it('is an error in one sentence; what was stored stays, and the rest can be stored once there is room', async () => {
    const directory = join(mountPoint, 'clickhouse');
    let clickHouse = openEmbeddedClickHouse({ directory });
    await migrate(clickHouse);
    const countSpans = async (): Promise<number> => {
      const [row] = await clickHouse.select<{ spans: number }>('SELECT count() AS spans FROM spans FINAL');
      return row!.spans;
    };
    let stored = 0;
    let failure: unknown;
    while (failure === undefined) {
      try {
        await storeMessages(clickHouse, batchOf(stored));
        stored++;
      } catch (error) {
        failure = error;
      }
    }
    expect(failure).toMatchObject({
      code: 'DESTINATION_UNAVAILABLE',
      retryable: false,
      message: `There is no room left on the disk of ${directory}.`,
    });
    expect(stored).toBeGreaterThan(0);
    expect(await countSpans()).toBeGreaterThanOrEqual(stored * tracesPerBatch * 8);
    expect(readdirSync(join(directory, 'insert'))).toEqual([]);
    await clickHouse.close();

    mount('remount,size=64m');
    clickHouse = openEmbeddedClickHouse({ directory });
    try {
      await migrate(clickHouse);
      for (let batch = stored; batch < stored + 5; batch++) await storeMessages(clickHouse, batchOf(batch));
      expect(await countSpans()).toBe((stored + 5) * tracesPerBatch * 8);
    } finally {
      await clickHouse.close();
    }
  });
});
