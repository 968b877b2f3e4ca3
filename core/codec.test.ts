import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDeadLetter } from '../schemas/generated/dead-letter.ts';
import { readEventBatch } from '../schemas/generated/event-batch.ts';
import { readResource } from '../schemas/generated/resource.ts';
import { schemas } from '../schemas/generated/schemas.ts';
import { readSpanBatch, writeSpanBatch } from '../schemas/generated/span-batch.ts';
import type { ReceivedMessage } from './bus/bus.ts';
import { decodeValue, encodeValue, outgoingMessage } from './codec.ts';
import { deadLetter } from './dead-letter.ts';
import { loadSchemaHistory } from './schema-history.ts';

const batch = { agentId: 2 ** 47 + 1, watermarkNs: 1_800_000_000_123_456_789n, spans: [] };
const encoded = encodeValue(batch, writeSpanBatch);

function received(value: Buffer, headers: Readonly<Record<string, string>>): ReceivedMessage {
  return { topic: 'spans', partition: 3, offset: 42, timestampMs: 7, key: 'k', value, headers };
}

describe('decodeValue', () => {
  test('a message of the current schema is read', () => {
    const { headers, value } = outgoingMessage('spans', 'k', 'SpanBatch', encoded);
    expect(decodeValue('SpanBatch', received(value as Buffer, headers!), readSpanBatch)).toEqual({
      kind: 'ok',
      value: batch,
    });
  });

  test('a message without a schema, or with one nobody knows, is rejected as such', () => {
    expect(decodeValue('SpanBatch', received(encoded, {}), readSpanBatch)).toEqual({
      kind: 'rejected',
      reason: 'unknown_schema',
      detail: 'no schema; a SpanBatch was expected',
    });
    expect(decodeValue('SpanBatch', received(encoded, { schema: 'beef' }), readSpanBatch)).toMatchObject({
      reason: 'unknown_schema',
    });
    const foreign = { schema: schemas.Trace.fingerprint };
    expect(decodeValue('SpanBatch', received(encoded, foreign), readSpanBatch)).toMatchObject({
      reason: 'unknown_schema',
    });
  });

  test('any bytes are either a record or rejected, and nothing is left over', () => {
    const headers = { schema: schemas.SpanBatch.fingerprint };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const decoded = decodeValue('SpanBatch', received(Buffer.from(bytes), headers), readSpanBatch);
        expect(decoded.kind === 'ok' || decoded.reason === 'undecodable').toBe(true);
      }),
    );
    const longer = Buffer.concat([encoded, Buffer.from([0])]);
    expect(decodeValue('SpanBatch', received(longer, headers), readSpanBatch)).toMatchObject({
      reason: 'undecodable',
    });
  });

  test('a message of a past schema is read as one of the current schema', () => {
    const directory = mkdtempSync(join(tmpdir(), 'history-'));
    try {
      // As the record once was: other order, no spans yet, a field that has gone since, a narrower number.
      const past = {
        type: 'record',
        name: 'SpanBatch',
        namespace: 'io.spanloom',
        fields: [
          { name: 'watermark_ns', type: 'long' },
          { name: 'gone', type: 'string' },
          { name: 'agent_id', type: 'int' },
          { name: 'spans', type: { type: 'array', items: 'io.spanloom.Span' } },
        ],
      };
      const text = JSON.stringify(past).replace('"io.spanloom.Span"', schemas.Span.text);
      writeFileSync(join(directory, 'SpanBatch-00ab.json'), text);
      const bytes = encodeValue(batch, (writer) => {
        writer.writeBigLong(batch.watermarkNs);
        writer.writeString('x');
        writer.writeLong(12);
        writer.writeLong(0);
      });
      const history = loadSchemaHistory(directory);
      const message = received(bytes, { schema: '00ab' });
      expect(decodeValue('SpanBatch', message, readSpanBatch, history)).toEqual({
        kind: 'ok',
        value: { agentId: 12, watermarkNs: batch.watermarkNs, spans: [] },
      });
      const broken = received(bytes.subarray(0, 4), { schema: '00ab' });
      expect(decodeValue('SpanBatch', broken, readSpanBatch, history)).toMatchObject({ reason: 'undecodable' });
      expect(decodeValue('Trace', message, readSpanBatch, history)).toMatchObject({ reason: 'unknown_schema' });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('a message of a past schema that claims 10^9 items', () => {
  test.each([
    ['EventBatch', '79ae83a94a84b657', '00000000000080a0d9e61d', readEventBatch],
    ['Resource', 'add4aef00e026f03', '0000000080a0d9e61d', readResource],
  ] as const)('is rejected as %s of %s before anything is read', (name, schema, hex, read) => {
    const message = received(Buffer.from(hex, 'hex'), { schema });
    expect(decodeValue<unknown>(name, message, read)).toMatchObject({ kind: 'rejected', reason: 'undecodable' });
  });
});

test('an id that a number does not hold is rejected, not rounded', () => {
  const bytes = encodeValue(batch, (writer) => {
    writer.writeBigLong(2n ** 53n + 1n);
    writer.writeBigLong(batch.watermarkNs);
    writer.writeLong(0);
  });
  const message = received(bytes, { schema: schemas.SpanBatch.fingerprint });
  expect(decodeValue('SpanBatch', message, readSpanBatch)).toEqual({
    kind: 'rejected',
    reason: 'undecodable',
    detail: expect.stringContaining('long beyond 2^53') as string,
  });
});

test('a dead letter carries the whole message and where it came from', () => {
  const refused = received(Buffer.from([1, 2, 3]), { a: 'b' });
  const letter = deadLetter(refused, { stage: 'correlator', reason: 'undecodable', detail: 'end of data' }, 1_700);
  expect(letter).toMatchObject({ topic: 'dead-letter', key: 'spans' });
  const decoded = decodeValue('DeadLetter', received(letter.value as Buffer, letter.headers ?? {}), readDeadLetter);
  expect(decoded).toEqual({
    kind: 'ok',
    value: {
      stage: 'correlator',
      reason: 'undecodable',
      detail: 'end of data',
      topic: 'spans',
      partition: 3,
      offset: 42,
      timeNs: 1_700_000_000n,
      key: 'k',
      headers: { a: 'b' },
      value: refused.value,
    },
  });
});
