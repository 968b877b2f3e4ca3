import { expect, test } from 'vitest';
import { readDeadLetter } from '../schemas/generated/dead-letter.ts';
import type { Bus, OutgoingMessage, ReceivedMessage } from './bus/bus.ts';
import { decodeValue } from './codec.ts';
import { deadLetter } from './dead-letter.ts';
import { PipelineError } from './errors.ts';
import { withFittingLetters } from './fitting-letters.ts';

const limitBytes = 10_000;

/** A bus that takes messages up to a size, and what it was sent. */
function narrowBus(): { readonly bus: Bus; readonly stored: OutgoingMessage[] } {
  const stored: OutgoingMessage[] = [];
  const none = (): never => {
    throw new Error('not asked for');
  };
  const bus: Bus = {
    ensureTopics: none,
    consumer: none,
    close: () => Promise.resolve(),
    producer: () =>
      Promise.resolve({
        send(messages) {
          for (const message of messages) {
            if (message.value.length > limitBytes)
              return Promise.reject(new PipelineError('BUS_MESSAGE_TOO_LARGE', 'too large'));
            stored.push(message);
          }
          return Promise.resolve();
        },
        close: () => Promise.resolve(),
      }),
  };
  return { bus: withFittingLetters(bus), stored };
}

const message: ReceivedMessage = {
  ...{ topic: 'events', partition: 1, offset: 7, timestampMs: 0, key: 'a', headers: { schema: 'b' } },
  value: Buffer.from('short'),
};
const letterOf = (changed: Partial<ReceivedMessage>): OutgoingMessage =>
  deadLetter({ ...message, ...changed }, { stage: 'enricher', reason: 'unsigned', detail: 'nobody signed it' }, 1);
const long = 'x'.repeat(limitBytes);

test.each<[string, Partial<ReceivedMessage>]>([
  ['value', { value: Buffer.alloc(limitBytes) }],
  ['key', { key: long }],
  ['headers', { headers: { a: long } }],
  ['headers that are many', { headers: Object.fromEntries([...Array(2_000).keys()].map((n) => [`h${n}`, ''])) }],
])('a message whose %s leaves no room for its letter is put aside by its place and reason', async (_, changed) => {
  const { bus, stored } = narrowBus();
  const producer = await bus.producer();
  const others = [letterOf({ offset: 6 }), letterOf({ offset: 8 })];
  await producer.send([others[0]!, letterOf(changed), others[1]!]);
  const letters = stored.map(({ value, headers = {} }) => {
    const decoded = decodeValue('DeadLetter', { value: Buffer.from(value), headers }, readDeadLetter);
    if (decoded.kind === 'rejected') throw new Error(decoded.detail);
    return decoded.value;
  });
  expect(letters.map(({ offset }) => offset)).toEqual([6, 6, 7, 8]);
  expect(letters[2]).toMatchObject({ topic: 'events', partition: 1, stage: 'enricher', reason: 'unsigned' });
  expect(letters[2]!.detail).toMatch(/^nobody signed it; the message is not here/);
  expect(letters[2]!.value).toHaveLength(0);
  expect(letters[3]!.value).toHaveLength(5);
});

test('what is no letter, and any other failure, is told to the caller', async () => {
  const { bus } = narrowBus();
  const producer = await bus.producer();
  const sent = producer.send([{ topic: 'traces', key: '', value: Buffer.alloc(limitBytes + 1) }, letterOf({})]);
  await expect(sent).rejects.toMatchObject({ code: 'BUS_MESSAGE_TOO_LARGE' });
});
