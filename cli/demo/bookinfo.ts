import { bookinfoClusterFile, startBookinfo, type Bookinfo } from '../../demo/bookinfo/bookinfo.ts';
import { loadFailure } from '../../demo/bookinfo/load.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { startProgress } from '../output/progress.ts';
import { demonstrateCaptured } from './captured.ts';
import { type BookinfoOptions, type Demonstration, say } from './demonstration.ts';
import { untilAborted } from './serving.ts';

/** After the trace has been shown, requests go on for days. */
const manyRequests = 1_000_000;

/** Starts Bookinfo on two nodes, captures it while it is used, shows the largest trace, and serves unless it is for once. */
export async function demonstrateBookinfo(demonstration: Demonstration<BookinfoOptions>): Promise<void> {
  const { options } = demonstration;
  say('Starting Bookinfo: five pods, each with a sidecar, on two nodes.');
  const bookinfo = await startBookinfo(options.scenario);
  try {
    await demonstrateCaptured(demonstration, {
      resourceFile: bookinfoClusterFile,
      settings: (settings) => ({
        ...settings,
        capture: { ...settings.capture, captureEnabled: true },
        packets: { ...settings.packets, packetsEnabled: true, ...bookinfo.packets },
      }),
      choose: largestTrace,
      send: (_excluded, stop) => sendRequests(bookinfo, options, stop),
      serve: (_excluded, stop) => serve(bookinfo, options.requests + 1, stop),
    });
  } finally {
    await bookinfo.stop();
  }
}

/** Requests go on until the signal fires. @throws Error when a part of Bookinfo ends */
async function serve(bookinfo: Bookinfo, first: number, signal: AbortSignal): Promise<void> {
  await bookinfo.sendRequests({ first, requests: manyRequests, inFlight: 1, perSecond: 2 });
  const end = await Promise.race([bookinfo.ended, untilAborted(signal)]);
  if (typeof end === 'string') throw new Error(end);
}

async function sendRequests(
  bookinfo: Bookinfo,
  { requests, inFlight }: BookinfoOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const progress = startProgress('sending requests');
  const load = await bookinfo.sendRequests({ first: 1, requests, inFlight });
  try {
    return (await Promise.race([bookinfo.ended, loadFailure(load), untilAborted(signal)])) ?? undefined;
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
