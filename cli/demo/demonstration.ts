import { slowestTrace } from '../../demo/showcase.ts';
import type { Settings } from '../settings.ts';
import { summaryStream } from '../output/standard-streams.ts';
import { paintFor, widthOf } from '../output/style.ts';
import type { TraceCollection } from '../trace-collection.ts';
import type { TraceFile } from '../output/trace-file.ts';
import { toWaterfallTrace } from '../output/to-waterfall-trace.ts';
import { renderWaterfall } from '../output/waterfall.ts';

/** Options of `spanloom demo`. */
export interface DemoOptions {
  /** End after showing the trace. */
  readonly once?: boolean;
  /** File for all traces. */
  readonly json?: string;
  /** To send before showing the trace. */
  readonly requests: number;
  /** Send requests for this many milliseconds instead. */
  readonly duration?: number;
  /** Show the bundled recording. */
  readonly recording?: boolean;
}

/** One run of the demo. */
export interface Demonstration {
  readonly options: DemoOptions;
  readonly settings: Settings;
  /** For all traces, if one was asked for. */
  readonly traceFile: TraceFile | undefined;
  /** Data directory of this run. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Reports progress on standard error; standard output is for the trace. */
export function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

/** Prints the slowest trace and writes the file, if one was asked for. @throws Error when there is no trace */
export async function showResult(
  collection: TraceCollection,
  { options, traceFile }: Pick<Demonstration, 'options' | 'traceFile'>,
): Promise<void> {
  const { traces, namesOf } = collection;
  const slowest = slowestTrace(traces, (span) => namesOf(span).serviceName);
  if (slowest === undefined) throw new Error('No trace came out of the demo.');
  say(`${traces.length} traces; the slowest:\n`);
  const output = summaryStream(options.json);
  const view = { width: widthOf(output), paint: paintFor(output, process.env) };
  output.write(`${renderWaterfall(toWaterfallTrace(slowest, namesOf), view).join('\n')}\n`);
  if (traceFile !== undefined) {
    await traceFile.write(traces, namesOf);
    say(`\nAll traces are in ${options.json}.`);
  }
}
