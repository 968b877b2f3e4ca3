import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPipeline } from '../../cli/pipeline.ts';
import { startProgress } from '../../cli/output/progress.ts';
import { replaySource } from '../../cli/replay-source.ts';
import { loadSettings } from '../../cli/settings.ts';
import { processTelemetry } from '../../cli/process/telemetry.ts';

/** Replays a recording through all stages of this process, into a data directory that is removed afterwards. */
export async function replayOnce(path: string): Promise<{ readonly seconds: number; readonly cpuSeconds: number }> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'spanloom-bench-'));
  const cpu = process.cpuUsage();
  const begin = performance.now();
  try {
    const { source } = replaySource({ path, speed: 'max' }, startProgress('replaying'));
    await runPipeline({
      settings: loadSettings(),
      dataDirectory,
      telemetry: processTelemetry('bench', 'error'),
      signal: new AbortController().signal,
      source,
      ends: true,
      stores: true,
    });
    const { user, system } = process.cpuUsage(cpu);
    return { seconds: (performance.now() - begin) / 1000, cpuSeconds: (user + system) / 1e6 };
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}
