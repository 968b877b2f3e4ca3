import { bookinfoClusterFile, startBookinfo, type Bookinfo } from '../../demo/bookinfo/bookinfo.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { startProgress } from '../output/progress.ts';
import { demonstrateCaptured } from './captured.ts';
import { type BookinfoOptions, type Demonstration, say } from './demonstration.ts';
import { untilAborted } from './serving.ts';

/** After the trace has been shown, requests go on for days. */
const manyRequests = 1_000_000;

/** Starts Bookinfo on two nodes, captures it while it is used, shows the largest trace, and serves unless it is for once. */
export async function demonstrateBookinfo(demonstration: Demonstration<BookinfoOptions>): Promise<void> {
  const { options, signal } = demonstration;
  say('Starting Bookinfo: five pods, each with a sidecar, on two nodes.');
  const bookinfo = await startBookinfo(options.scenario);
  const failed = new AbortController();
  const state = { stopped: false };
  void bookinfo.ended.then((name) => {
    if (!state.stopped) failed.abort(new Error(`${name} has ended.`));
  });
  try {
    await demonstrateCaptured(
      { ...demonstration, signal: AbortSignal.any([signal, failed.signal]) },
      {
        resourceFile: bookinfoClusterFile,
        settings: (settings) => ({
          ...settings,
          capture: { ...settings.capture, captureEnabled: true },
          packets: { ...settings.packets, packetsEnabled: true, ...bookinfo.packets },
        }),
        choose: largestTrace,
        send: (_excluded, stop) => sendRequests(bookinfo, options, stop),
        serve: async (_excluded, stop) => {
          await bookinfo.sendRequests({
            first: options.requests + 1,
            requests: manyRequests,
            inFlight: 1,
            perSecond: 2,
          });
          await untilAborted(stop);
        },
      },
    );
  } finally {
    state.stopped = true;
    await bookinfo.stop();
  }
}

async function sendRequests(
  bookinfo: Bookinfo,
  { requests, inFlight }: BookinfoOptions,
  signal: AbortSignal,
): Promise<void> {
  const progress = startProgress('sending requests');
  const load = await bookinfo.sendRequests({ first: 1, requests, inFlight });
  try {
    const code = await Promise.race([load.ended, untilAborted(signal)]);
    if (code !== undefined && code !== 0) throw new Error(`Not every request was answered: curl ended with ${code}.`);
  } finally {
    progress.end();
    await load.stop();
  }
}

/** The one with most spans; of several, the slowest. */
function largestTrace(traces: readonly Trace[]): Trace | undefined {
  const size = (trace: Trace): number => trace.spans.length;
  return traces.toSorted((left, right) => size(right) - size(left) || right.durationNs - left.durationNs)[0];
}
