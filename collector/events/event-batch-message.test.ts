import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeValue } from '../../core/codec.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { AvroWriter } from '../../schemas/avro-writer.ts';
import { writeEventBatch, writeSocketEvent, type EventBatch } from '../../schemas/generated/event-batch.ts';
import { schemas } from '../../schemas/generated/schemas.ts';
import { anyValueOf } from '../../schemas/schema-values.ts';
import { encodeEventBatch, readEventBatchHead } from './event-batch-message.ts';

it('a batch around ready-made events is what the generated writer writes, and its head is read back', () => {
  fc.assert(
    fc.property(anyValueOf(JSON.parse(schemas.EventBatch.text)), ({ generated }) => {
      const { events, ...head } = generated as EventBatch;
      const writer = new AvroWriter();
      for (const event of events) writeSocketEvent(writer, event);
      const bytes = encodeEventBatch(head, writer.finish(), events.length);
      expect(bytes.equals(encodeValue(generated as EventBatch, writeEventBatch))).toBe(true);
      expect(readEventBatchHead(new AvroReader(bytes))).toEqual(head);
    }),
    { numRuns: 300 },
  );
});
