import { runRecording } from '../../collector/record/run-recording.ts';
import { startProgress } from '../progress.ts';
import { loadSettings } from '../settings.ts';
import { processTelemetry } from '../telemetry.ts';

/** Captures this host into a file until the signal fires or `durationMs` is over. */
export async function record(path: string, durationMs: number | undefined, signal: AbortSignal): Promise<void> {
  process.title = 'spanloom-record';
  const settings = loadSettings();
  const over = durationMs === undefined ? [] : [AbortSignal.timeout(durationMs)];
  const progress = startProgress(`recording to ${path}`);
  try {
    const { batches, bytes } = await runRecording({
      path,
      config: settings.collector,
      dataDirectory: settings.shared.dataDir,
      telemetry: processTelemetry('spanloom-record', 'error'),
      signal: AbortSignal.any([signal, ...over]),
      onProgress: (now) => progress.update(sizeText(now)),
    });
    progress.end();
    process.stdout.write(`Recorded ${sizeText({ batches, bytes })} to ${path}.\n`);
  } finally {
    progress.end();
  }
}

function sizeText({ batches, bytes }: { readonly batches: number; readonly bytes: number }): string {
  return `${batches} batches, ${(bytes / 1e6).toFixed(1)} MB`;
}
