import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../exit-codes.ts';
import { runPipeline } from '../pipeline.ts';
import { startProgress } from '../progress.ts';
import { replaySource } from '../replay-source.ts';
import { loadSettings } from '../settings.ts';
import { processTelemetry } from '../telemetry.ts';
import { withTemporaryFolder } from '../temporary-folder.ts';
import { TraceCollection } from '../trace-collection.ts';
import { writeTraceFile } from '../trace-file.ts';
import { replayIntoKafka } from './replay-into-kafka.ts';

/** Options of `spanloom replay`. */
export interface ReplayOptions {
  readonly speed: number | 'max';
  readonly json?: string;
  readonly dataDir?: string;
  /** File of resources that spans are tagged with. */
  readonly resources?: string;
  /** Send it to Kafka, and make nothing of it here. */
  readonly intoKafka?: boolean;
  readonly targetPrefix?: string;
  readonly skip?: number;
}

/** Makes traces of a recording, on a log of its own, and writes or keeps them; or sends it to Kafka. */
export async function replay(path: string, options: ReplayOptions, signal: AbortSignal): Promise<void> {
  process.title = 'spanloom-replay';
  if (!existsSync(path)) throw new UsageError(`${path} does not exist.`);
  const { dataDir, resources } = options;
  if (resources !== undefined && !existsSync(resources)) throw new UsageError(`${resources} does not exist.`);
  if (options.intoKafka === true) {
    if (dataDir !== undefined || options.json !== undefined || resources !== undefined)
      throw new UsageError(
        'With --into-kafka the stages on Kafka make the traces: --json, --data-dir and --resources mean nothing.',
      );
    return replayIntoKafka(path, options, signal);
  }
  if (options.targetPrefix !== undefined || options.skip !== undefined)
    throw new UsageError('--target-prefix and --skip belong to --into-kafka.');
  if (dataDir === undefined) return withTemporaryFolder((folder) => replayIn(folder, path, options, signal));
  // Traces of two recordings in one log would depend on what was there before.
  if (existsSync(join(dataDir, 'log'))) throw new UsageError(`${dataDir} has a log already: choose a new folder.`);
  return replayIn(dataDir, path, options, signal);
}

async function replayIn(folder: string, path: string, options: ReplayOptions, signal: AbortSignal): Promise<void> {
  const { speed, json, dataDir, resources } = options;
  const collection = new TraceCollection();
  const progress = startProgress(`replaying ${path}`);
  const { source, damage } = replaySource(path, speed, progress);
  try {
    await runPipeline({
      settings: loadSettings(),
      dataDirectory: folder,
      telemetry: processTelemetry('spanloom-replay', 'error'),
      signal,
      source,
      ...(resources === undefined ? {} : { resourceFile: resources }),
      ends: true,
      stores: dataDir !== undefined,
      watch: { topics: ['traces', 'resources'], onMessage: (message) => collection.add(message) },
    });
  } finally {
    progress.end();
  }
  signal.throwIfAborted();
  const { traces } = collection;
  const spans = traces.reduce((sum, trace) => sum + trace.spans.length, 0);
  if (json !== undefined) await writeTraceFile(json, traces, collection.namesOf);
  const where = [...(json === undefined ? [] : [json]), ...(dataDir === undefined ? [] : [dataDir])].join(' and ');
  process.stdout.write(`${traces.length} traces with ${spans} spans${where === '' ? '' : `, in ${where}`}.\n`);
  const damaged = damage();
  if (damaged !== undefined) throw damaged;
}
