/** A full disk under `spanloom up`: it stops with an error in one sentence, and goes on without loss once there is room. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startShop, type Shop } from '../../demo/shop.ts';
import { captureMissing, describeWhere, rootMissing } from '../requirement.ts';
import { expectNothingLost } from './nothing-lost.ts';
import { startSpanloom, untilSays } from './spanloom.ts';

const mountPoint = mkdtempSync(join(tmpdir(), 'spanloom-full-disk-'));

function mount(options: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', mountPoint]).status === 0;
}

const missing =
  captureMissing() ??
  rootMissing() ??
  (mount('size=6m') ? undefined : 'it mounts a file system, which is not allowed here');

afterAll(() => {
  if (missing === undefined) spawnSync('umount', [mountPoint]);
  rmSync(mountPoint, { recursive: true, force: true });
});

describeWhere(missing, 'a full disk under spanloom up', () => {
  const settings = {
    SPANLOOM_DATA_DIR: join(mountPoint, 'data'),
    SPANLOOM_QUERY_PORT: '0',
    SPANLOOM_LOG_LEVEL: 'silent',
  };
  let shop: Shop;
  beforeAll(async () => {
    shop = await startShop();
  });
  afterAll(() => shop.stop());

  it('stops it with one sentence; after there is room it goes on and nothing that was accepted is lost', async () => {
    const load = await shop.sendRequests({ requests: 0, perSecond: 150 });
    const full = startSpanloom(['up'], settings);
    const code = await Promise.race([full.ended, sleep(150_000, 'still running', { ref: false })]);
    expect({ code, errors: full.errors() }).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/^spanloom: .*(room|full|space).*\n$/im) as string,
    });

    mount('remount,size=1g');
    const again = startSpanloom(['up'], settings);
    await untilSays(again, /Capturing this host/);
    await sleep(3_000);
    await load.stop();
    again.child.kill('SIGINT');
    const ended = { code: await again.ended, signal: again.child.signalCode, errors: again.errors() };
    expect(ended).toMatchObject({ code: 0 });
    expect(await expectNothingLost(settings.SPANLOOM_DATA_DIR)).toBeGreaterThan(100);
  }, 300_000);
});
