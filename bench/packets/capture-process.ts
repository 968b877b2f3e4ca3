/** The process of a capture that is measured: takes its options as JSON, says `ready`, and at the end what it has counted. */
import { loadNative } from '../../native/load.ts';
import type { PacketCaptureOptions } from '../../native/packets/packet-capture.ts';

/** What was captured. */
export interface Captured {
  readonly received: number;
  readonly read: number;
  readonly dropped: number;
  readonly records: number;
}

const given = JSON.parse(process.argv[2]!) as Partial<PacketCaptureOptions>;
let records = 0;
const capture = loadNative().startPacketCapture(
  {
    interfaces: ['pair0'],
    namespaces: [],
    filter: '',
    excluded: [],
    snapLength: 2048,
    ringBytes: 16 * 1024 * 1024,
    firstSegmentId: 2 ** 52 + 1,
    flows: { firstFlowId: 1, seed: 7 },
    batchIntervalMs: 100,
    maxUnacknowledgedBlocks: 64,
    ...given,
  },
  (block) => {
    records += block.segmentCount + block.intervalCount;
    capture.acknowledge(1);
  },
);
// The capture does not keep the process alive.
setInterval(() => undefined, 60_000);
process.once('SIGTERM', () => {
  void capture.stop().then(() => {
    const { received, read, dropped } = capture.progress();
    console.log(JSON.stringify({ received, read, dropped, records } satisfies Captured));
    process.exit(0);
  });
});
console.log('ready');
