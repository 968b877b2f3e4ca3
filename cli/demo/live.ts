import { clusterFile } from '../../demo/cluster.ts';
import { slowestTrace } from '../../demo/showcase.ts';
import type { ExcludedProcesses } from '../../collector/excluded-processes.ts';
import { describeEnd } from '../../demo/child.ts';
import { startShop, type Shop } from '../../demo/shop.ts';
import { startProgress } from '../output/progress.ts';
import { demonstrateCaptured } from './captured.ts';
import { type Demonstration, type DemoOptions, say } from './demonstration.ts';
import { untilAborted } from './serving.ts';

const requestsPerSecond = 40;
/** After the trace has been shown, a few customers stay. */
const laterRequestsPerSecond = 5;

/** Starts the services, captures them while they are used, shows the slowest trace, and serves unless it is for once. */
export async function demonstrateLive(demonstration: Demonstration): Promise<void> {
  say('Starting a gateway and an orders service (Node), a pricing service (Python) and their stores.');
  const shop = await startShop();
  try {
    for (const sentence of shop.missing) say(sentence);
    await demonstrateCaptured(demonstration, {
      resourceFile: clusterFile,
      // Regardless of the settings: the demo shows the capture.
      settings: (settings) => ({ ...settings, capture: { ...settings.capture, captureEnabled: true } }),
      choose: slowestTrace,
      send: (excluded, stop) => sendRequests(shop, excluded, demonstration.options, stop),
      serve: (excluded, stop) => serve(shop, excluded, stop),
    });
  } finally {
    await shop.stop();
  }
}

/** Some customers stay until the demo ends. */
async function serve(shop: Shop, excluded: ExcludedProcesses, stop: AbortSignal): Promise<void> {
  say(`  curl -i http://127.0.0.1:${shop.gatewayPort}/orders/7`);
  const { processId } = await shop.sendRequests({ requests: 0, perSecond: laterRequestsPerSecond });
  excluded.add(processId);
  await untilAborted(stop);
}

async function sendRequests(
  shop: Shop,
  excluded: ExcludedProcesses,
  options: DemoOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { duration } = options;
  const requests = duration === undefined ? options.requests : 0;
  const progress = startProgress('sending requests');
  const load = await shop.sendRequests({ requests, perSecond: requestsPerSecond });
  // Traces begin at the gateway, as with customers elsewhere. It takes Node longer to start than this.
  excluded.add(load.processId);
  const over = duration === undefined ? [] : [AbortSignal.timeout(duration)];
  try {
    const code = await Promise.race([load.ended, untilAborted(AbortSignal.any([signal, ...over]))]);
    return typeof code === 'number' && code !== 0 ? await describeEnd(load) : undefined;
  } finally {
    progress.end();
    await load.stop();
  }
}
