import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadNative } from '../../native/load.ts';
import { logDirectory } from '../bus/bus.ts';
import { boundedSettings, memoryShares } from '../process/memory-bound.ts';
import { MemoryKeeper } from '../process/memory-keeper.ts';
import { runPipeline } from '../pipeline.ts';
import { runService } from '../process/run-service.ts';
import { loadSettings } from '../settings.ts';
import { processTelemetry } from '../process/telemetry.ts';

const lookEveryMs = 1_000;

/** Runs all stages on this host until the signal fires. */
export async function up(signal: AbortSignal): Promise<void> {
  process.title = 'spanloom-up';
  const settings = boundedSettings(loadSettings());
  const { dataDir, logLevel } = settings.shared;
  const telemetry = processTelemetry('spanloom-up', logLevel);
  const { consumedBytes } = memoryShares(settings.up.memory, settings.bus.partitions);
  const keeper = memoryKeeper(settings.up.memory, dataDir);
  const timer = setInterval(() => keeper.check(performance.now()), lookEveryMs).unref();
  try {
    await runService({ settings: settings.shared, telemetry, signal }, () =>
      runPipeline({
        settings,
        dataDirectory: dataDir,
        telemetry,
        signal,
        onConfiguredBus: true,
        logBounds: { consumedBytes },
        ends: false,
        stores: true,
        listening: (port) => {
          const page = `http://${settings.query.host}:${port}/`;
          process.stderr.write(`Capturing this host; traces are in ${dataDir}, and at ${page}. Ctrl-C ends it.\n`);
        },
      }),
    );
  } finally {
    clearInterval(timer);
  }
}

/** Gives memory back before the bound is reached: pages of the log that were read, then what V8 has not collected yet. */
function memoryKeeper(limitBytes: number, dataDirectory: string): MemoryKeeper {
  // Only the command line can set the size of V8's heap; explicit garbage collection can be enabled later.
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  return new MemoryKeeper({
    limitBytes,
    residentBytes: () => process.memoryUsage.rss(),
    releases: [
      { above: 0.7, everyMs: 2_000, run: () => pageOutLog(dataDirectory) },
      { above: 0.75, everyMs: 5_000, run: () => void loadNative().trimHeap() },
      { above: 0.88, everyMs: 10_000, run: collectGarbage },
    ],
  });
}

function pageOutLog(dataDirectory: string): void {
  const path = join(logDirectory(dataDirectory), 'data.mdb');
  // On Kafka there is none.
  if (existsSync(path)) loadNative().pageOutFile(realpathSync(path));
}
