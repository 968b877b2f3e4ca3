import { runPipeline } from '../pipeline.ts';
import { captureSource } from '../sources.ts';
import { loadSettings } from '../settings.ts';
import { processTelemetry } from '../telemetry.ts';

/** Runs all stages on this host until the signal fires. */
export async function up(signal: AbortSignal): Promise<void> {
  process.title = 'spanloom-up';
  const settings = loadSettings();
  const { dataDir, logLevel } = settings.shared;
  await runPipeline({
    settings,
    dataDirectory: dataDir,
    telemetry: processTelemetry('spanloom-up', logLevel),
    signal,
    source: captureSource(settings, dataDir),
    onConfiguredBus: true,
    ends: false,
    stores: true,
    listening: (port) => {
      const api = `http://${settings.query.host}:${port}/api/traces`;
      process.stderr.write(`Capturing this host; traces are in ${dataDir}, and at ${api}. Ctrl-C ends it.\n`);
    },
  });
}
