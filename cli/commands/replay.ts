import { join } from 'node:path';
import { RecordingReader } from '../../collector/replay/recording-reader.ts';
import { isDirectory } from '../../core/files/is-directory.ts';
import { isSameFile } from '../../core/files/is-same-file.ts';
import { UsageError } from '../process/exit-codes.ts';
import { runPipeline } from '../pipeline.ts';
import { startProgress } from '../output/progress.ts';
import { replaySource } from '../replay-source.ts';
import { requireResourceFile } from '../../collector/cloud/file/require-resource-file.ts';
import { loadSettings } from '../settings.ts';
import { summaryStream } from '../output/standard-streams.ts';
import { processTelemetry } from '../process/telemetry.ts';
import { withTemporaryFolder } from '../process/temporary-folder.ts';
import { TraceCollection } from '../trace-collection.ts';
import { openTraceFile, type TraceFile } from '../output/trace-file.ts';
import { replayIntoKafka, type ReplayIntoKafkaOptions } from './replay-into-kafka.ts';

/** Options of `spanloom replay`. */
export interface ReplayOptions extends ReplayIntoKafkaOptions {
  readonly json?: string;
  readonly dataDir?: string;
  /** File of resources that spans are tagged with. */
  readonly resources?: string;
  /** Send it to Kafka, and make nothing of it here. */
  readonly intoKafka?: boolean;
}

/** Makes traces of a recording, on a log of its own, and writes or keeps them; or sends it to Kafka. */
export async function replay(path: string, options: ReplayOptions, signal: AbortSignal): Promise<void> {
  process.title = 'spanloom-replay';
  const { dataDir, resources } = options;
  if (options.intoKafka === true) {
    if (dataDir !== undefined || options.json !== undefined || resources !== undefined)
      throw new UsageError(
        'With --into-kafka the stages on Kafka make the traces: --json, --data-dir and --resources mean nothing.',
      );
    return replayIntoKafka(path, options, signal);
  }
  if (options.targetPrefix !== undefined || options.skip !== undefined)
    throw new UsageError('--target-prefix and --skip belong to --into-kafka.');
  // Traces of two recordings in one log would depend on what was there before.
  if (
    dataDir !== undefined &&
    isDirectory(dataDir) &&
    ['log', 'clickhouse'].some((name) => isDirectory(join(dataDir, name)))
  )
    throw new UsageError(`${dataDir} is a data directory already: choose a new folder.`);
  await requireInputs(path, options);
  const traceFile = await openTraceFile(options.json);
  const inFolder = (folder: string): Promise<void> => replayIn(folder, path, { ...options, traceFile }, signal);
  try {
    await (dataDir === undefined ? withTemporaryFolder(inFolder) : inFolder(dataDir));
  } finally {
    await traceFile?.close();
  }
}

/** Nothing is made and nothing replaced for files that cannot be used. */
async function requireInputs(path: string, { json, resources }: ReplayOptions): Promise<void> {
  await (await RecordingReader.open(path)).close();
  if (resources !== undefined) requireResourceFile(resources);
  for (const input of [path, resources])
    if (json !== undefined && input !== undefined && isSameFile(json, input))
      throw new UsageError(`${json} is read by this command: write the traces to another file.`);
}

async function replayIn(
  folder: string,
  path: string,
  options: ReplayOptions & { readonly traceFile: TraceFile | undefined },
  signal: AbortSignal,
): Promise<void> {
  const { speed, json, dataDir, resources, traceFile } = options;
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
      watch: { topics: ['traces', 'resources', 'agent-resources'], onMessage: (message) => collection.add(message) },
    });
  } finally {
    progress.end();
  }
  signal.throwIfAborted();
  const { traces } = collection;
  const spans = traces.reduce((sum, trace) => sum + trace.spans.length, 0);
  await traceFile?.write(traces, collection.namesOf);
  const where = [...(json === undefined ? [] : [json]), ...(dataDir === undefined ? [] : [dataDir])].join(' and ');
  summaryStream(json).write(`${traces.length} traces with ${spans} spans${where === '' ? '' : `, in ${where}`}.\n`);
  const damaged = damage();
  if (damaged !== undefined) throw damaged;
}
