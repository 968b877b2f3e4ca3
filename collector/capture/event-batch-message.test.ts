import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeValue } from '../../core/codec.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { AvroWriter } from '../../schemas/avro-writer.ts';
import {
  writeEventBatch,
  writeFlowInterval,
  writePacketSegment,
  writeSocketEvent,
  type EventBatch,
} from '../../schemas/generated/event-batch.ts';
import { schemas } from '../../schemas/generated/schemas.ts';
import { anyValueOf } from '../../schemas/testing/schema-values.ts';
import { encodeEventBatch, readEventBatchHead, type EncodedRecords } from './event-batch-message.ts';

function encoded<Value>(values: readonly Value[], write: (writer: AvroWriter, value: Value) => void): EncodedRecords {
  const writer = new AvroWriter();
  for (const value of values) write(writer, value);
  return { bytes: writer.finish(), count: values.length };
}

it('a batch around ready-made events is what the generated writer writes, and its head is read back', () => {
  fc.assert(
    fc.property(anyValueOf(JSON.parse(schemas.EventBatch.text)), ({ generated }) => {
      const { segments, flows, events, ...head } = generated as EventBatch;
      const bytes = encodeEventBatch(head, {
        segments: encoded(segments, writePacketSegment),
        flows: encoded(flows, writeFlowInterval),
        events: encoded(events, writeSocketEvent),
      });
      expect(bytes.equals(encodeValue(generated as EventBatch, writeEventBatch))).toBe(true);
      expect(readEventBatchHead(new AvroReader(bytes))).toEqual(head);
    }),
    { numRuns: 40 },
  );
});

it('the clock of a host that is up for longer than 104 days passes 2^53 ns, and is read back', () => {
  const head = {
    ...{ agentId: 5, hostName: 'host', sequence: 1, baseTimeNs: 1n, baseMonotonicNs: 2 ** 57 + 32, untilOffsetNs: 3 },
    ...{ source: 'sockets' as const, losses: [], processes: [], reportedSpans: [], interfaces: [] },
  };
  expect(readEventBatchHead(new AvroReader(encodeEventBatch(head, {})))).toEqual(head);
});
