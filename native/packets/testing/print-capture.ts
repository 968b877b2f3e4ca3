/**
 * Captures with the rights that it is started with, until it is killed: `print-capture.ts OPTIONS`, as JSON. It prints
 * JSON lines: first `{"problems":…}`, then of each block the first lines of the payloads, and the interfaces where it has them.
 */
import type { PacketCaptureOptions } from '../packet-capture.ts';
import { LiveFlows } from './live-flows.ts';
import { segmentsOf } from './flows.ts';

const print = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const live = new LiveFlows(JSON.parse(process.argv[2]!) as Partial<PacketCaptureOptions>);
print({ problems: live.progress().problems });
// The capture alone does not keep the process.
setInterval(() => undefined, 60_000);
let printed = 0;
await live.until(() => {
  for (const block of live.blocks.slice(printed)) {
    const { interfaces } = block;
    const heads = segmentsOf(block).flatMap(({ payload }) => payload.split('\r\n')[0] ?? []);
    print({
      heads,
      interfaces: interfaces?.map(({ name, kind, addresses, peerAddresses }) => ({
        ...{ name, kind },
        addresses: addresses.map((each) => each.join('.')),
        peerAddresses: peerAddresses.map((each) => each.join('.')),
      })),
    });
  }
  printed = live.blocks.length;
  return false;
});
