import { loadConfig } from '../../core/config/load-config.ts';
import type { OutgoingMessage, ReceivedMessage } from '../../core/bus/bus.ts';
import type { Output } from '../../collector/outbox.ts';
import { runReplay } from '../../collector/replay/run-replay.ts';
import { correlatorConfig } from '../../correlator/config.ts';
import { Correlator } from '../../correlator/stage.ts';
import { enricherConfig } from '../../enricher/config.ts';
import { dissectors } from '../../protocols/dissectors.ts';
import { createEnricher } from '../../enricher/stage.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { type EventBatch, readEventBatch } from '../../schemas/generated/event-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { readTrace } from '../../schemas/generated/trace.ts';

/** What came of a recording. */
export interface TracedRecording {
  readonly batches: readonly EventBatch[];
  /** Every span of the last revision of every trace. */
  readonly spans: readonly Span[];
  /** Events that the recording says were lost. */
  readonly lost: number;
}

/** Takes a recording, also one of an older version, through enricher and correlator, without a bus between them. */
export async function traceRecording(path: string): Promise<TracedRecording> {
  const settings = loadConfig({}, { enricher: enricherConfig, correlator: correlatorConfig });
  const enricher = createEnricher(settings.enricher, { dissectors });
  const correlator = new Correlator(settings.correlator);
  const batches: EventBatch[] = [];
  const spansByTrace = new Map<string, readonly Span[]>();
  let lost = 0;
  let offset = 0;
  const received = (message: OutgoingMessage): ReceivedMessage => ({
    topic: message.topic,
    partition: 0,
    offset: offset++,
    timestampMs: 0,
    key: message.key,
    value: Buffer.from(message.value),
    headers: message.headers ?? {},
  });
  const keep = (messages: readonly OutgoingMessage[]): void => {
    for (const { topic, value } of messages) {
      if (topic !== 'traces') throw new Error(`the correlator refused a batch (topic ${topic})`);
      const trace = readTrace(new AvroReader(Buffer.from(value)));
      spansByTrace.set(trace.traceId, trace.spans);
    }
  };
  const correlate = (messages: readonly OutgoingMessage[]): void => {
    for (const message of messages) keep(correlator.process(received(message), 0));
  };
  const read = (message: OutgoingMessage): void => {
    if (message.topic !== 'events') return;
    const batch = readEventBatch(new AvroReader(Buffer.from(message.value)));
    batches.push(batch);
    for (const { count } of batch.losses) lost += count;
    correlate(enricher.process(received(message), 0));
  };
  const output: Output = {
    send: async (messages) => {
      messages.forEach(read);
      await Promise.resolve();
    },
  };
  await runReplay({ path, output, speed: 'max', signal: new AbortController().signal });
  correlate(enricher.drain());
  keep(correlator.drain());
  return { batches, spans: [...spansByTrace.values()].flat(), lost };
}
