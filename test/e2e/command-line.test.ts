/** What commands say to people who call them in a way or in a place that does not work. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { spanloom, withoutRights } from './spanloom.ts';

const folder = mkdtempSync(join(tmpdir(), 'spanloom-command-line-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('without the right to capture', () => {
  it('every right that is missing is named, and no file is left', async () => {
    const path = join(folder, 'never.avro');
    const recorded = await spanloom(['record', path], { SPANLOOM_DATA_DIR: join(folder, 'data') }, withoutRights);
    expect(recorded.code).toBe(3);
    for (const right of ['CAP_BPF', 'CAP_PERFMON', 'CAP_SYS_PTRACE'])
      expect(recorded.errors).toContain(`${right} is missing`);
    expect(readdirSync(folder)).not.toContain('never.avro');
  });
});
