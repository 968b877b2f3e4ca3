/** Traces in OTLP on a real broker, as a receiver that is not ours finds them: topic, key, partition, bytes. */
import { randomUUID } from 'node:crypto';
import { Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import { expect, it } from 'vitest';
import { openKafkaBus } from '../core/bus/kafka/kafka-bus.ts';
import { partitionOf } from '../core/bus/partitioner.ts';
import { createLogger } from '../core/telemetry/logger.ts';
import { createTelemetry } from '../core/telemetry/telemetry.ts';
import { brokerForTests } from '../scripts/kafka/test-broker.ts';
import { runOtlpSink } from '../sink/otlp/run.ts';
import { decodeSpans } from '../sink/otlp/testing/otlp-messages.ts';
import {
  makeLoadTrace,
  makeResource,
  makeSpan,
  makeTrace,
  resourceMessage,
  traceMessage,
} from '../sink/testing/traces.ts';

const traceCount = 40;
const partitions = 3;

brokerForTests('traces in OTLP on Kafka', (broker) => {
  it('are under a name without prefix, all of a trace in the partition of its id, under its id as text', async () => {
    const { brokers } = broker();
    const prefix = `otlp-${randomUUID()}.`;
    const topic = `otlp_spans_${randomUUID()}`;
    const bus = openKafkaBus({ brokers, prefix });
    const destination = openKafkaBus({ brokers, prefix: '' });
    await bus.ensureTopics([
      { name: 'traces', partitions },
      { name: 'resources', partitions, compacted: true },
      { name: 'dead-letter', partitions: 1 },
    ]);
    await destination.ensureTopics([{ name: topic, partitions }]);
    const producer = await bus.producer();
    const large = makeTrace(
      Array.from({ length: 200 }, (_, index) => makeSpan({ spanId: (index + 1).toString(16).padStart(16, '0') })),
      { traceId: 'e'.repeat(32) },
    );
    const traces = [...Array.from({ length: traceCount }, (_, index) => makeLoadTrace(index + 1)), large];
    await producer.send([resourceMessage(makeResource(), 0), ...traces.map((trace) => traceMessage(trace, 0))]);

    // Two instances share the traces, and both know all names.
    const stop = new AbortController();
    const runs = [1, 2].map(() =>
      runOtlpSink({
        config: { enabled: true, topic, maxMessageBytes: 64 * 1024 },
        bus,
        destination,
        telemetry: createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) }),
        signal: stop.signal,
      }),
    );

    const received: { readonly partition: number; readonly message: KafkaMessage }[] = [];
    const consumer = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).consumer({ groupId: topic });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const expected = traceCount * 8 + large.spans.length;
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachMessage: ({ partition, message }) => {
          received.push({ partition, message });
          if (decodeSpans(received.map((one) => one.message.value!)).length >= expected) resolve();
          return Promise.resolve();
        },
      });
    });
    await consumer.disconnect();
    stop.abort();
    await Promise.all(runs);
    await Promise.all([bus.close(), destination.close()]);

    for (const { partition, message } of received) {
      const key = message.key!.toString();
      const spans = decodeSpans([message.value!]);
      expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([key]));
      expect(partition).toBe(partitionOf(key, partitions));
    }
    const spans = decodeSpans(received.map(({ message }) => message.value!));
    expect(new Set(spans.map(({ traceId, spanId }) => `${traceId}${spanId}`)).size).toBe(expected);
    expect(received.length).toBeGreaterThan(traces.length);
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === '');
    expect(new Set(roots.map(({ resource }) => resource['service.name']))).toEqual(new Set(['gateway']));
  });
});
