import { statSync } from 'node:fs';
import { runRecording } from '../../collector/record/run-recording.ts';
import { standardOutput } from '../../core/files/output-file.ts';
import { UsageError } from '../process/exit-codes.ts';
import { startProgress } from '../output/progress.ts';
import { loadSettings } from '../settings.ts';
import { summaryStream } from '../output/standard-streams.ts';
import { processTelemetry } from '../process/telemetry.ts';
import { startWatchdog } from '../process/watchdog.ts';

/** Options of `spanloom record`. */
export interface RecordOptions {
  /** End after this many milliseconds. */
  readonly duration?: number;
  /** Replace a file that is there. */
  readonly overwrite?: boolean;
}

/** Captures this host into a file until the signal fires or the duration is over. */
export async function record(path: string, options: RecordOptions, signal: AbortSignal): Promise<void> {
  process.title = 'spanloom-record';
  if (options.overwrite !== true && path !== standardOutput && isFile(path))
    throw new UsageError(`${path} is there already: choose another name, or add --overwrite to replace it.`);
  const settings = loadSettings();
  const over = options.duration === undefined ? [] : [AbortSignal.timeout(options.duration)];
  const watchdog = startWatchdog(settings.shared.watchdogTimeout);
  const progress = startProgress(`recording to ${path}`);
  try {
    const { batches, bytes } = await runRecording({
      path,
      settings,
      dataDirectory: settings.shared.dataDir,
      telemetry: processTelemetry('spanloom-record', 'warn'),
      signal: AbortSignal.any([signal, ...over]),
      onProgress: (now) => progress.update(sizeText(now)),
    });
    progress.end();
    const said =
      batches === 0 ? 'Nothing was recorded: there is no file' : `Recorded ${sizeText({ batches, bytes })} to ${path}`;
    summaryStream(path).write(`${said}.\n`);
  } finally {
    progress.end();
    watchdog.stop();
  }
}

function sizeText({ batches, bytes }: { readonly batches: number; readonly bytes: number }): string {
  const size = bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  return `${batches} ${batches === 1 ? 'batch' : 'batches'}, ${size}`;
}

/** Devices and pipes, such as /dev/stdout, are written without asking. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
