/** Traces in OTLP on a real broker, as a receiver that is not ours finds them: topic, key, partition, bytes. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import { expect, it } from 'vitest';
import { unsignedAccepted } from '../../core/agents/agent-signature.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { partitionOf } from '../../core/bus/partitioner.ts';
import { createLogger } from '../../core/telemetry/logger.ts';
import { createTelemetry } from '../../core/telemetry/telemetry.ts';
import { spanloom, startSpanloom } from '../e2e/spanloom.ts';
import { brokerForTests } from './test-broker.ts';
import { runOtlpSink } from '../../sink/otlp/run.ts';
import { decodeSpans } from '../../opentelemetry/testing/otlp-messages.ts';
import { makeLoadTrace, resourceMessage, traceMessage } from '../../sink/testing/traces.ts';
import { gatewayResource, orderSpan } from '../../sink/testing/traces.ts';
import { aTrace } from '../../schemas/testing/a-trace.ts';

const traceCount = 40;
const partitions = 3;

interface Received {
  readonly partition: number;
  readonly message: KafkaMessage;
}

/** What another system reads of a topic until it has so many spans. */
async function receive(brokers: readonly string[], topic: string, spanCount: number): Promise<readonly Received[]> {
  const received: Received[] = [];
  const consumer = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).consumer({ groupId: topic });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let spans = 0;
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: ({ partition, message }) => {
        received.push({ partition, message });
        spans += decodeSpans([message.value!]).length;
        if (spans >= spanCount) resolve();
        return Promise.resolve();
      },
    });
  });
  await consumer.disconnect();
  return received;
}

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
      { name: 'agent-resources', partitions, compacted: true },
      { name: 'dead-letter', partitions: 1 },
    ]);
    await destination.ensureTopics([{ name: topic, partitions }]);
    const producer = await bus.producer();
    const large = aTrace(
      Array.from({ length: 200 }, (_, index) => orderSpan({ spanId: (index + 1).toString(16).padStart(16, '0') })),
      { traceId: 'e'.repeat(32) },
    );
    const traces = [...Array.from({ length: traceCount }, (_, index) => makeLoadTrace(index + 1)), large];
    await producer.send([resourceMessage(gatewayResource(), 0), ...traces.map((trace) => traceMessage(trace, 0))]);

    // Two instances share the traces, and both know all names.
    const stop = new AbortController();
    const runs = [1, 2].map(() =>
      runOtlpSink({
        config: { topic, maxMessageBytes: 64 * 1024, networkSpans: true },
        signatures: unsignedAccepted,
        bus,
        destination,
        telemetry: createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) }),
        signal: stop.signal,
      }),
    );

    const expected = traceCount * 8 + large.spans.length;
    const received = await receive(brokers, topic, expected);
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

  it('come from the command sink into the topic that topics apply made, where the setting asks for it', async () => {
    const { brokers } = broker();
    const prefix = `otlp-${randomUUID()}.`;
    const topic = `otlp_spans_${randomUUID()}`;
    const dataDirectory = mkdtempSync(join(tmpdir(), 'spanloom-otlp-'));
    const settings = {
      SPANLOOM_DATA_DIR: dataDirectory,
      SPANLOOM_BUS_KAFKA_BROKERS: brokers.join(','),
      SPANLOOM_BUS_KAFKA_PREFIX: prefix,
      SPANLOOM_BUS_COMPRESSION: 'gzip',
      SPANLOOM_SINK_OTLP_ENABLED: 'true',
      SPANLOOM_SINK_OTLP_TOPIC: topic,
    };
    try {
      expect(await spanloom(['topics', 'apply'], settings)).toMatchObject({ code: 0, errors: '' });
      const sink = startSpanloom(['sink'], settings);
      const bus = openKafkaBus({ brokers, prefix });
      const producer = await bus.producer();
      await producer.send([1, 2, 3].map((number) => traceMessage(makeLoadTrace(number), 0)));
      await bus.close();
      expect(await receive(brokers, topic, 24)).toHaveLength(3);
      sink.child.kill('SIGTERM');
      expect(await sink.ended).toBe(0);
    } finally {
      rmSync(dataDirectory, { recursive: true, force: true });
    }
  });
});
