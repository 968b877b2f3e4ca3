import { encodeValue, outgoingMessage } from '../core/codec.ts';
import type { OutgoingMessage } from '../core/bus/bus.ts';
import { loadConfig } from '../core/config/load-config.ts';
import { RecordingReader } from '../collector/replay/recording-reader.ts';
import { enricherConfig } from '../enricher/config.ts';
import { dissectors } from '../protocols/dissectors.ts';
import { createEnricher } from '../enricher/stage.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import { readSpanBatch, writeSpanBatch } from '../schemas/generated/span-batch.ts';

/** What an enricher sends of a recording, and then that nothing more happened for twenty seconds. */
export async function recordedSpans(path: string): Promise<readonly OutgoingMessage[]> {
  const enricher = createEnricher(loadConfig({}, { enricher: enricherConfig }).enricher, { dissectors });
  const messages: OutgoingMessage[] = [];
  const reader = await RecordingReader.open(path);
  let offset = 0;
  for await (const { value } of reader.batches()) {
    const { key, headers } = outgoingMessage('events', 'agent', 'EventBatch', value);
    const place = { topic: 'events', partition: 0, offset: offset++, timestampMs: 0 };
    messages.push(...enricher.process({ ...place, key, headers: headers ?? {}, value }, 0));
  }
  await reader.close();
  messages.push(...enricher.drain());
  const { agentId, watermarkNs } = readSpanBatch(new AvroReader(Buffer.from(messages.at(-1)!.value)));
  for (let step = 1n; step <= 4n; step++) {
    const value = encodeValue({ agentId, watermarkNs: watermarkNs + step * 5_000_000_000n, spans: [] }, writeSpanBatch);
    messages.push(outgoingMessage('spans', String(agentId), 'SpanBatch', value));
  }
  return messages;
}
