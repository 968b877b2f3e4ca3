/** Runs a stage that holds every message for five further ones and then copies it. Argument: directory. */
import type { OutgoingMessage, ReceivedMessage } from '../../bus.ts';
import { Counters } from '../../../stage/accounting.ts';
import { runStage } from '../../../stage/run-stage.ts';
import type { Stage } from '../../../stage/stage.ts';
import { createLogger } from '../../../telemetry/logger.ts';
import { stageTelemetry } from '../../../telemetry/stage-telemetry.ts';
import { createTelemetry } from '../../../telemetry/telemetry.ts';
import { openEmbeddedBus } from '../embedded-bus.ts';

const counters = new Counters();
const queues = new Map<number, ReceivedMessage[]>();
const copy = ({ key, value }: ReceivedMessage): OutgoingMessage => ({ topic: 'copies', key, value });
const stage: Stage<OutgoingMessage> = {
  process(message) {
    counters.receive();
    const queue = queues.get(message.partition) ?? [];
    queues.set(message.partition, queue);
    queue.push(message);
    if (queue.length <= 5) return [];
    counters.emit();
    return [copy(queue.shift()!)];
  },
  flush: () => [],
  drain: () => [...queues.values()].flatMap((queue) => queue.splice(0).map(copy)),
  lowWatermark: ({ partition }) => queues.get(partition)?.[0]?.offset,
  revoke(sources) {
    for (const { partition } of sources) queues.delete(partition);
  },
  accounting: () => counters,
};
const bus = openEmbeddedBus({ directory: process.argv[2]! });
await bus.ensureTopics([{ name: 'copies', partitions: 2 }]);
const producer = await bus.producer();
const consumer = await bus.consumer({ group: 'copy', topics: ['numbers'] });
const telemetry = createTelemetry({ logger: createLogger({ name: 'copy', level: 'error' }) });
await runStage({
  name: 'copy',
  stage,
  consumer,
  deliver: async (outputs) => {
    await producer.send(outputs);
    process.stdout.write(`${outputs.length}\n`);
  },
  telemetry: stageTelemetry(telemetry, 'copy', () => counters),
  signal: new AbortController().signal,
  limits: { maxBytes: 20_000 },
  ...(process.argv[3] === 'end' ? { untilEnd: true as const } : {}),
});
await bus.close();
process.stdout.write('end\n');
