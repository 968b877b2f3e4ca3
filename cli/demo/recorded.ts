import { clusterFile } from '../../demo/cluster.ts';
import { slowestTrace } from '../../demo/showcase.ts';
import { projectFile } from '../../core/project-files.ts';
import { runPipeline } from '../pipeline.ts';
import { startProgress } from '../output/progress.ts';
import { replaySource } from '../replay-source.ts';
import { processTelemetry } from '../process/telemetry.ts';
import { TraceCollection } from '../trace-collection.ts';
import { type Demonstration, say, showResult } from './demonstration.ts';
import { printHowToQuery, untilAborted } from './serving.ts';

/** The recording that comes with the package, made by `spanloom record` of the demo. */
const bundledRecording: string = projectFile('demo', 'recording.avro');

/** Shows the bundled recording. @param problem why it is not captured live; empty when it was asked for */
export async function demonstrateRecording(demonstration: Demonstration, problem: string): Promise<void> {
  const { options, settings, folder, signal } = demonstration;
  if (problem !== '') say(`Capture is not possible here: ${problem}`);
  say('Showing a recording of the demo instead.');
  const collection = new TraceCollection();
  const progress = startProgress('replaying the recording');
  const { source, damage } = replaySource({ path: bundledRecording, speed: 'max' }, progress);
  const pipeline = { settings, dataDirectory: folder, telemetry: processTelemetry('spanloom-demo', 'error') };
  try {
    await runPipeline({
      ...pipeline,
      signal,
      source,
      resourceFile: clusterFile,
      ends: true,
      stores: options.once !== true,
      watch: { topics: ['traces', 'resources', 'agent-resources'], onMessage: (message) => collection.add(message) },
    });
  } finally {
    progress.end();
  }
  const damaged = damage();
  if (damaged !== undefined) throw damaged;
  signal.throwIfAborted();
  await showResult(collection, demonstration, slowestTrace);
  if (options.once === true) return;
  await runPipeline({
    ...pipeline,
    signal,
    source: ({ signal: stop }) => untilAborted(stop),
    ends: false,
    stores: true,
    listening: (port) => printHowToQuery(settings, folder, port),
  });
}
