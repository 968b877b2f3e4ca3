import type { Scenario } from '../../demo/bookinfo/topology.ts';
import type { Span } from '../../schemas/generated/span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import type { Settings } from '../settings.ts';
import { summaryStream } from '../output/standard-streams.ts';
import { paintFor, widthOf } from '../output/style.ts';
import type { TraceCollection } from '../trace-collection.ts';
import type { TraceFile } from '../output/trace-file.ts';
import { toWaterfallTrace } from '../output/to-waterfall-trace.ts';
import { renderWaterfall } from '../output/waterfall.ts';

/** Options of every demo. */
export interface ShownOptions {
  /** End after showing the trace. */
  readonly once?: boolean;
  /** File for all traces. */
  readonly json?: string;
  /** To send before showing the trace. */
  readonly requests: number;
}

/** Options of `spanloom demo`. */
export interface DemoOptions extends ShownOptions {
  /** Send requests for this many milliseconds instead. */
  readonly duration?: number;
  /** Show the bundled recording. */
  readonly recording?: boolean;
}

/** Options of `spanloom bookinfo`. */
export interface BookinfoOptions extends ShownOptions {
  readonly scenario: Scenario;
  readonly inFlight: number;
}

/** One run of a demo. */
export interface Demonstration<Options extends ShownOptions = DemoOptions> {
  readonly options: Options;
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

/** Chooses the trace that a demo shows; undefined when none will do. */
export type Choose = (traces: readonly Trace[], serviceNameOf: (span: Span) => string) => Trace | undefined;

/** Prints the chosen trace and writes the file, if one was asked for. @throws Error when there is no trace */
export async function showResult(
  collection: TraceCollection,
  { options, traceFile }: Pick<Demonstration<ShownOptions>, 'options' | 'traceFile'>,
  choose: Choose,
): Promise<void> {
  const { traces, namesOf } = collection;
  const shown = choose(traces, (span) => namesOf(span).serviceName);
  if (shown === undefined) throw new Error('No trace came out of the demo.');
  say(`${traces.length} traces. One of them:\n`);
  const output = summaryStream(options.json);
  const view = { width: widthOf(output), paint: paintFor(output, process.env) };
  output.write(`${renderWaterfall(toWaterfallTrace(shown, namesOf), view).join('\n')}\n`);
  if (traceFile !== undefined) {
    await traceFile.write(traces, namesOf);
    say(`\nAll traces are in ${options.json}.`);
  }
}
