import { join } from 'node:path';
import { flowOptions } from '../../collector/replay/capture-file.ts';
import { standardInput } from '../../collector/replay/input-bytes.ts';
import { openReplayInput } from '../../collector/replay/replay-input.ts';
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
import { counted } from '../output/counted.ts';
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

/** Makes traces of a recording or a capture file, on a log of its own, and writes or keeps them; or sends it to Kafka. */
export async function replay(path: string, options: ReplayOptions, signal: AbortSignal): Promise<void> {
  process.title = 'spanloom-replay';
  const { dataDir, resources } = options;
  if (options.follow === true && options.skip !== undefined)
    throw new UsageError('--skip is for an input that is given again: one that is followed does not come again.');
  if (options.follow === true && path !== standardInput)
    throw new UsageError('--follow belongs to - as the file: tcpdump -w - | spanloom replay - --follow.');
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
  // What was read of standard input to look at it would be gone.
  if (path !== standardInput) await (await openReplayInput(path)).close();
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
  const settings = loadSettings();
  const isFollowing = options.follow === true;
  const collection = new TraceCollection();
  const progress = startProgress(`replaying ${path === standardInput ? 'standard input' : path}`);
  const input = { path, speed, flows: flowOptions(settings.capture), ...(isFollowing ? { stop: signal } : {}) };
  const { source, damage } = replaySource(input, progress);
  // The first signal ends the input, and everything is worked off; a second one ends the process.
  const abort = isFollowing ? new AbortController().signal : signal;
  try {
    await runPipeline({
      settings,
      dataDirectory: folder,
      telemetry: processTelemetry('spanloom-replay', 'error'),
      signal: abort,
      source,
      ...(resources === undefined ? {} : { resourceFile: resources }),
      ends: true,
      stores: dataDir !== undefined,
      watch: { topics: ['traces', 'resources', 'agent-resources'], onMessage: (message) => collection.add(message) },
    });
  } finally {
    progress.end();
  }
  abort.throwIfAborted();
  const { traces } = collection;
  const spans = traces.reduce((sum, trace) => sum + trace.spans.length, 0);
  await traceFile?.write(traces, collection.namesOf);
  const what = `${counted(traces.length, 'trace', 'traces')} with ${counted(spans, 'span', 'spans')}`;
  const where = [...(json === undefined ? [] : [json]), ...(dataDir === undefined ? [] : [dataDir])].join(' and ');
  summaryStream(json).write(`${what}${where === '' ? '' : `, in ${where}`}.\n`);
  const damaged = damage();
  if (damaged !== undefined) throw damaged;
}
