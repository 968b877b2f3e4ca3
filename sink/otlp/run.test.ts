import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { unsignedAccepted } from '../../core/agents/agent-signature.ts';
import type { OutgoingMessage, ReceivedMessage } from '../../core/bus/bus.ts';
import { openEmbeddedBus } from '../../core/bus/embedded/embedded-bus.ts';
import { createLogger } from '../../core/telemetry/logger.ts';
import { createTelemetry } from '../../core/telemetry/telemetry.ts';
import { compactedTopics } from '../../core/topics.ts';
import { makeLoadTrace, resourceMessage, traceMessage } from '../testing/traces.ts';
import { gatewayResource } from '../testing/traces.ts';
import { runOtlpSink } from './run.ts';
import { decodeSpans } from '../../opentelemetry/testing/otlp-messages.ts';

it('traces reach their topic with the names of services, once each and bad ones aside, also over a restart', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'spanloom-otlp-'));
  const bus = openEmbeddedBus({ directory });
  try {
    const names = ['traces', 'resources', 'agent-resources', 'dead-letter', 'otlp_spans'];
    await bus.ensureTopics(names.map((name) => ({ name, partitions: 2, compacted: compactedTopics.includes(name) })));
    const producer = await bus.producer();
    const run = (): Promise<void> =>
      runOtlpSink({
        config: { topic: 'otlp_spans', maxMessageBytes: 900_000, networkSpans: true },
        signatures: unsignedAccepted,
        bus,
        destination: bus,
        telemetry: createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) }),
        signal: AbortSignal.timeout(30_000),
        untilEnd: true,
      });
    const sent = (number: number): OutgoingMessage => traceMessage(makeLoadTrace(number), 0);

    await producer.send([resourceMessage(gatewayResource(), 0), sent(1), sent(2)]);
    await producer.send([{ topic: 'traces', key: 'x', value: Buffer.from('no trace') }]);
    await run();
    await producer.send([sent(3)]);
    await run();

    const consumer = await bus.consumer({ group: 'receiver', topics: ['otlp_spans', 'dead-letter'] });
    const messages: ReceivedMessage[] = [];
    for (let polled = -1; polled < messages.length;) {
      polled = messages.length;
      messages.push(...(await consumer.poll({ maxWaitMs: 500, maxBytes: 1e9 })).messages);
    }
    const spans = messages.filter(({ topic }) => topic === 'otlp_spans');
    const keys = [1, 2, 3].map((number) => makeLoadTrace(number).traceId);
    expect(spans.map(({ key }) => key).sort()).toEqual(keys);
    expect(decodeSpans(spans.map(({ value }) => value))).toHaveLength(24);
    for (const { resource, attributes } of decodeSpans(spans.map(({ value }) => value)))
      if (attributes['spanloom.reason'] === 'root') expect(resource['service.name']).toBe('gateway');
    expect(messages.filter(({ topic }) => topic === 'dead-letter')).toHaveLength(1);
  } finally {
    await bus.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
