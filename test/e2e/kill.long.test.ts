/** kill -9 of `spanloom up` at random moments while the host is busy: nothing accepted is lost, nothing is there twice. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../../core/testing/random.ts';
import { startShop, type Shop } from '../../demo/shop.ts';
import { captureMissing, describeWhere } from '../requirement.ts';
import { expectNothingLost } from './nothing-lost.ts';
import { startSpanloom, untilSays } from './spanloom.ts';

const kills = 6;
const seed = Number(process.env['KILL_SEED'] ?? 1);

/** Numbers in [0, 1), the same for the same seed. */
describeWhere(captureMissing(), 'kill -9 at random moments', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-kill-'));
  const settings = { SPANLOOM_DATA_DIR: folder, SPANLOOM_QUERY_PORT: '0', SPANLOOM_LOG_LEVEL: 'error' };
  let shop: Shop;
  beforeAll(async () => {
    shop = await startShop();
  });
  afterAll(async () => {
    await shop.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it(`loses no accepted event and stores no span twice (seed ${seed})`, async () => {
    const random = new Random(seed);
    const load = await shop.sendRequests({ requests: 0, perSecond: 30 });
    for (let kill = 0; kill < kills; kill++) {
      const up = startSpanloom(['up'], settings);
      // By turns at any moment of the start, and in the middle of the flow of data.
      if (kill % 2 === 0) await untilSays(up, /Capturing this host/);
      await sleep(random.next() * 5_000);
      up.child.kill('SIGKILL');
      await up.ended;
      expect(up.errors()).not.toContain('spanloom:');
    }
    await load.stop();
    expect(await expectNothingLost(folder)).toBeGreaterThan(500);
  }, 300_000);
});
