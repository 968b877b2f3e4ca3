/**
 * A stage that copies `in` to `out` and ends its process at a message that says so: `abort` at once, as a fault in native
 * code does, `throw` by an error. Ends by itself at the end of its input. Arguments: `embedded` and a directory, or `kafka`,
 * brokers and a prefix.
 */
import type { Bus, OutgoingMessage } from '../../bus/bus.ts';
import { openEmbeddedBus } from '../../bus/embedded/embedded-bus.ts';
import { openKafkaBus } from '../../bus/kafka/kafka-bus.ts';
import { runStage } from '../run-stage.ts';
import type { Stage } from '../stage.ts';

const [kind, place, prefix] = process.argv.slice(2);

function openBus(): Bus {
  if (kind === 'embedded') return openEmbeddedBus({ directory: place! });
  return openKafkaBus({ brokers: place!.split(','), prefix: prefix!, sessionTimeoutMs: 3_000, heartbeatEveryMs: 200 });
}

const stage: Stage<OutgoingMessage> = {
  process({ key, value }) {
    const text = value.toString();
    if (text === 'abort') process.abort();
    if (text === 'throw') throw new TypeError('a bug');
    return [{ topic: 'out', key, value }];
  },
  flush: () => [],
  drain: () => [],
  lowWatermark: () => undefined,
  revoke: () => undefined,
  accounting: () => ({ received: 0, emitted: 0, buffered: 0, dropped: {}, rejected: {} }),
};

const bus = openBus();
const producer = await bus.producer();
const consumer = Object.assign(await bus.consumer({ group: 'mortal', topics: ['in'] }), { maxDeaths: 2 });
const silent = (): undefined => undefined;
await runStage({
  name: 'mortal',
  stage,
  consumer,
  deliver: (outputs) => producer.send(outputs),
  letters: producer,
  telemetry: { emit: silent, turn: silent, batch: silent, lag: silent },
  signal: new AbortController().signal,
  untilEnd: true,
});
await consumer.close();
await producer.close();
await bus.close();
