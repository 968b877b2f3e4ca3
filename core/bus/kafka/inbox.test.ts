import type { KafkaMessage } from 'kafkajs';
import { expect, test } from 'vitest';
import { type BatchOutcome, Inbox, type InboxBatch } from './inbox.ts';

const source = { topic: 't', partition: 0 };

function messages(...offsets: readonly number[]): KafkaMessage[] {
  return offsets.map((offset) => ({
    key: null,
    value: Buffer.alloc(10),
    timestamp: '0',
    attributes: 0,
    offset: String(offset),
    headers: {},
  }));
}
function take(inbox: Inbox, maxBytes: number, from = 0, isReadable = true): readonly number[] {
  const taken: number[] = [];
  inbox.take(
    maxBytes,
    () => isReadable,
    (_, offset) => offset >= from,
    (_, { offset }) => taken.push(Number(offset)),
  );
  return taken;
}
async function outcomeOf(batch: InboxBatch): Promise<BatchOutcome | 'open'> {
  return Promise.race([batch.over, new Promise<'open'>((resolve) => setImmediate(() => resolve('open')))]);
}

test('a batch is over only after all of it was taken and the taker came back', async () => {
  const inbox = new Inbox();
  const batch = inbox.add(source, messages(0, 1, 2));
  expect(take(inbox, 20)).toEqual([0, 1]);
  inbox.finishRead();
  expect(await outcomeOf(batch)).toBe('open');
  expect(take(inbox, 20)).toEqual([2]);
  expect(await outcomeOf(batch)).toBe('open');
  inbox.finishRead();
  expect(await outcomeOf(batch)).toBe('read');
});

test('one message comes even when it is larger than the limit', () => {
  const inbox = new Inbox();
  inbox.add(source, messages(0, 1));
  expect(take(inbox, 1)).toEqual([0]);
  expect(take(inbox, 1)).toEqual([1]);
});

test('what is known already is left out, and what is not readable stays', async () => {
  const inbox = new Inbox();
  const batch = inbox.add(source, messages(3, 4, 5));
  expect(take(inbox, 100, 0, false)).toEqual([]);
  expect(take(inbox, 100, 5)).toEqual([5]);
  inbox.finishRead();
  expect(await outcomeOf(batch)).toBe('read');
});

test('a batch that is given up in the middle is not read', async () => {
  const inbox = new Inbox();
  const [half, whole] = [inbox.add(source, messages(0, 1)), inbox.add({ topic: 't', partition: 1 }, messages(0))];
  expect(take(inbox, 10)).toEqual([0]);
  inbox.discard({ topic: 't', partition: 1 });
  expect(await outcomeOf(whole)).toBe('discarded');
  const error = new Error('rebalance');
  inbox.endAll({ error });
  expect(await outcomeOf(half)).toEqual({ error });
});
