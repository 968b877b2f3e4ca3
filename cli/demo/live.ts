import { setTimeout as sleep } from 'node:timers/promises';
import { clusterFile } from '../../demo/cluster.ts';
import { ExcludedProcesses } from '../../collector/excluded-processes.ts';
import { runCollector } from '../../collector/run.ts';
import { allProcessesExcept, withDescendants } from '../../demo/own-processes.ts';
import { startShop, type Shop } from '../../demo/shop.ts';
import { milestone } from '../process/milestone.ts';
import { runPipeline } from '../pipeline.ts';
import { startProgress } from '../output/progress.ts';
import { runTogether } from '../../core/run-together.ts';
import { processTelemetry } from '../process/telemetry.ts';
import { TraceCollection } from '../trace-collection.ts';
import { type Demonstration, type DemoOptions, say, showResult } from './demonstration.ts';
import { printHowToQuery, untilAborted } from './serving.ts';

const requestsPerSecond = 40;
/** After the trace has been shown, a few customers stay. */
const laterRequestsPerSecond = 5;
/** A trace is complete some seconds after its last span; so long it takes at least until the last ones are there. */
const settleMs = 6_000;
const quietMs = 2_000;
const settleTimeoutMs = 30_000;

/** Starts the services, captures them while they are used, shows the slowest trace, and serves unless it is for once. */
export async function demonstrateLive(demonstration: Demonstration): Promise<void> {
  const { options, settings, folder, signal } = demonstration;
  say('Starting a gateway and an orders service (Node), a pricing service (Python) and their stores.');
  const shop = await startShop();
  try {
    for (const sentence of shop.missing) say(sentence);
    const collection = new TraceCollection();
    const capturing = milestone();
    const state = { lastTraceAtMs: 0 };
    const opened = openedPort();
    const done = new AbortController();
    // Regardless of the settings: the demo shows the capture.
    const captured = { ...settings, capture: { ...settings.capture, captureEnabled: true } };
    const excluded = new ExcludedProcesses(allProcessesExcept(withDescendants(process.pid)));
    await runTogether(AbortSignal.any([signal, done.signal]), [
      (stop) =>
        runPipeline({
          settings,
          dataDirectory: folder,
          telemetry: processTelemetry('spanloom-demo', 'error'),
          signal: stop,
          // What else runs on this machine is no part of the demo.
          source: (context) => runCollector({ ...context, settings: captured, dataDirectory: folder, excluded }),
          resourceFile: clusterFile,
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
        await sendRequests(shop, excluded, options, stop);
        await settle(() => state.lastTraceAtMs, stop);
        if (stop.aborted) return;
        await showResult(collection, demonstration);
        if (options.once === true) done.abort();
        else {
          await Promise.race([opened.reached, untilAborted(stop)]);
          printHowToQuery(settings, folder, opened.port());
          await serve(shop, excluded, stop);
        }
      },
    ]);
  } finally {
    await shop.stop();
  }
  signal.throwIfAborted();
}

/** Some customers stay until the demo ends. */
async function serve(shop: Shop, excluded: ExcludedProcesses, stop: AbortSignal): Promise<void> {
  say(`  curl -i http://127.0.0.1:${shop.gatewayPort}/orders/7`);
  const { processId } = await shop.sendRequests({ requests: 0, perSecond: laterRequestsPerSecond });
  excluded.add(processId);
  await untilAborted(stop);
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

async function sendRequests(
  shop: Shop,
  excluded: ExcludedProcesses,
  options: DemoOptions,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const { duration } = options;
  const requests = duration === undefined ? options.requests : 0;
  const progress = startProgress('sending requests');
  const load = await shop.sendRequests({ requests, perSecond: requestsPerSecond });
  // Traces begin at the gateway, as with customers elsewhere. It takes Node longer to start than this.
  excluded.add(load.processId);
  const over = duration === undefined ? [] : [AbortSignal.timeout(duration)];
  try {
    await Promise.race([load.ended, untilAborted(AbortSignal.any([signal, ...over]))]);
  } finally {
    progress.end();
    await load.stop();
  }
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
