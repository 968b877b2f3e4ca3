import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runPipeline } from './pipeline.ts';
import { processTelemetry } from './process/telemetry.ts';
import { loadSettings } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'spanloom-test-pipeline-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a pipeline that goes on fails when a stage ends by itself, instead of waiting for it', async () => {
  const running = runPipeline({
    settings: loadSettings({}),
    dataDirectory: folder,
    telemetry: processTelemetry('spanloom-test', 'error'),
    signal: new AbortController().signal,
    source: () => Promise.resolve(),
    ends: false,
    stores: false,
  });
  await expect(running).rejects.toThrow('The stage collector has ended by itself.');
});
