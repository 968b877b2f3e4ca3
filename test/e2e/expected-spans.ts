import type { OutgoingMessage, ReceivedMessage } from '../../core/bus/bus.ts';
import { decodeValue } from '../../core/codec.ts';
import type { Stage } from '../../core/stage/stage.ts';
import { loadSettings } from '../../cli/settings.ts';
import { openBus } from '../../cli/bus/bus.ts';
import { watchTopics } from '../../cli/bus/watch-topics.ts';
import { Correlator } from '../../correlator/stage.ts';
import { dissectors } from '../../protocols/dissectors.ts';
import { createEnricher } from '../../enricher/stage.ts';
import type { AvroReader } from '../../schemas/avro-reader.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { readTrace } from '../../schemas/generated/trace.ts';

/** What the stages make of all events of a data directory in one go, without any restart: each span by its id. */
export async function expectedSpans(dataDirectory: string): Promise<ReadonlyMap<string, string>> {
  const settings = loadSettings({});
  const events: ReceivedMessage[] = [];
  const bus = await openBus(settings.bus, dataDirectory);
  try {
    const onMessage = (message: ReceivedMessage): void => {
      events.push({ ...message, value: Buffer.from(message.value) });
    };
    const { signal } = new AbortController();
    await watchTopics({ bus, topics: ['events'], onMessage, signal, untilEnd: true });
  } finally {
    await bus.close();
  }
  const batches = through(createEnricher(settings.enricher, { dissectors }), events);
  const traces = through(new Correlator(settings.correlator), batches.map(received));
  const spans = traces.flatMap((message) => read('Trace', message, readTrace).spans);
  const describe = (span: Span): string =>
    `${span.processName} ${span.protocol} ${span.observationPoint} ${span.status}`;
  return new Map(spans.map((span) => [span.spanId, describe(span)]));
}

function received(message: OutgoingMessage, offset: number): ReceivedMessage {
  const { topic, key, headers = {} } = message;
  return { topic, key, headers, value: Buffer.from(message.value), partition: 0, offset, timestampMs: 0 };
}

function through(stage: Stage<OutgoingMessage>, messages: readonly ReceivedMessage[]): readonly OutgoingMessage[] {
  return [...messages.flatMap((message) => stage.process(message, 0)), ...stage.drain()];
}

function read<Value>(name: 'Trace', message: OutgoingMessage, readValue: (reader: AvroReader) => Value): Value {
  const decoded = decodeValue(name, received(message, 0), readValue);
  if (decoded.kind === 'rejected') throw new Error(`${message.topic}: ${decoded.detail}`);
  return decoded.value;
}
