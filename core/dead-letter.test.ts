import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDeadLetter } from '../schemas/generated/dead-letter.ts';
import type { ReceivedMessage } from './bus/bus.ts';
import { decodeValue } from './codec.ts';
import { deadLetter, replayOf } from './dead-letter.ts';

const messages: fc.Arbitrary<ReceivedMessage> = fc.record({
  topic: fc.constantFrom('events', 'spans', 'traces'),
  partition: fc.nat(100),
  offset: fc.nat(),
  timestampMs: fc.nat(),
  key: fc.string(),
  value: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  headers: fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { noNullPrototype: true }),
});
const refusal = { stage: 'enricher', reason: 'undecodable', detail: 'cut' } as const;

describe('replay', () => {
  test('of a letter is the message as it was: topic, key, headers and every byte, and names the letter', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const sent = deadLetter(message, refusal, 1_700_000_000_000);
        const decoded = decodeValue(
          'DeadLetter',
          { value: Buffer.from(sent.value), headers: sent.headers! },
          readDeadLetter,
        );
        if (decoded.kind !== 'ok') throw new Error(decoded.detail);
        const { topic, key, headers, value } = replayOf(decoded.value, { partition: 2, offset: 17 });
        expect([topic, key]).toEqual([message.topic, message.key]);
        expect(Buffer.from(value).equals(message.value)).toBe(true);
        expect(headers).toEqual({ ...message.headers, 'replayed-from': '2/17' });
      }),
    );
  });
});
