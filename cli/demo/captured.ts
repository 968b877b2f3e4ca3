import { setTimeout as sleep } from 'node:timers/promises';
import { ExcludedProcesses } from '../../collector/excluded-processes.ts';
import { runCollector } from '../../collector/run.ts';
import { runTogether } from '../../core/run-together.ts';
import { allProcessesExcept, withDescendants } from '../../demo/own-processes.ts';
import { startProgress } from '../output/progress.ts';
import { runPipeline } from '../pipeline.ts';
import { milestone } from '../process/milestone.ts';
import { processTelemetry } from '../process/telemetry.ts';
import type { Settings } from '../settings.ts';
import { TraceCollection } from '../trace-collection.ts';
import { type Choose, type Demonstration, say, type ShownOptions, showResult } from './demonstration.ts';
import { printHowToQuery, untilAborted } from './serving.ts';

/** What runs while it is captured. */
export interface CapturedWorkload {
  /** States what its processes are. */
  readonly resourceFile: string;
  /** Settings of the capture, from those of the demo. */
  readonly settings: (settings: Settings) => Settings;
  /**
   * Sends requests, until all are answered or the signal fires.
   * @param excluded takes processes that are not captured
   * @returns what went wrong, in a sentence; undefined when nothing did
   */
  send(excluded: ExcludedProcesses, signal: AbortSignal): Promise<string | undefined>;
  readonly choose: Choose;
  /** Some requests go on until the signal fires. */
  serve(excluded: ExcludedProcesses, signal: AbortSignal): Promise<void>;
}

/** A trace is complete some seconds after its last span; so long it takes at least until the last ones are there. */
const settleMs = 6_000;
const quietMs = 2_000;
const settleTimeoutMs = 30_000;

/**
 * Captures a workload that runs already while it is used, shows a trace, and serves unless it is for once.
 * @throws Error when something went wrong with the workload: what was captured has been shown and written by then
 */
export async function demonstrateCaptured(
  demonstration: Demonstration<ShownOptions>,
  workload: CapturedWorkload,
): Promise<void> {
  const { options, settings, folder, signal } = demonstration;
  const collection = new TraceCollection();
  const capturing = milestone();
  const state = { lastTraceAtMs: 0 };
  const opened = openedPort();
  const done = new AbortController();
  const captured = workload.settings(settings);
  // What else runs on this machine is no part of the demo.
  const excluded = new ExcludedProcesses(allProcessesExcept(withDescendants(process.pid)));
  await runTogether(AbortSignal.any([signal, done.signal]), [
    (stop) =>
      runPipeline({
        settings,
        dataDirectory: folder,
        telemetry: processTelemetry('spanloom-demo', 'error'),
        signal: stop,
        source: (context) => runCollector({ ...context, settings: captured, dataDirectory: folder, excluded }),
        resourceFile: workload.resourceFile,
        ends: false,
        stores: true,
        ...(options.once === true ? {} : { listening: opened.set }),
        watch: {
          topics: ['events', 'traces', 'resources', 'agent-resources'],
          onMessage: (message) => {
            // The capture has begun when its first batch is there.
            if (message.topic === 'events') capturing.reach();
            else collection.add(message);
            if (message.topic === 'traces') state.lastTraceAtMs = performance.now();
          },
        },
      }),
    async (stop) => {
      await Promise.race([capturing.reached, untilAborted(stop)]);
      const failure = stop.aborted ? undefined : await workload.send(excluded, stop);
      // Why there may be no trace to show.
      if (failure !== undefined) say(failure);
      await settle(() => state.lastTraceAtMs, stop);
      if (stop.aborted) return;
      await showResult(collection, demonstration, workload.choose);
      if (failure !== undefined) throw new Error(failure);
      if (options.once === true) done.abort();
      else {
        await Promise.race([opened.reached, untilAborted(stop)]);
        printHowToQuery(settings, folder, opened.port());
        await workload.serve(excluded, stop);
      }
    },
  ]);
  signal.throwIfAborted();
}

/** The port of the query API, once it listens. */
function openedPort(): {
  readonly set: (port: number) => void;
  readonly port: () => number;
  readonly reached: Promise<void>;
} {
  const { reached, reach } = milestone();
  const state = { port: 0 };
  return {
    set(port) {
      state.port = port;
      reach();
    },
    port: () => state.port,
    reached,
  };
}

/** Waits until traces have stopped to arrive. */
async function settle(lastTraceAtMs: () => number, signal: AbortSignal): Promise<void> {
  const startMs = performance.now();
  const progress = startProgress('waiting for the last traces');
  try {
    for (;;) {
      const nowMs = performance.now();
      const quiet = nowMs - startMs > settleMs && nowMs - lastTraceAtMs() > quietMs;
      if (signal.aborted || quiet || nowMs - startMs > settleTimeoutMs) return;
      await sleep(100);
    }
  } finally {
    progress.end();
  }
}
