import { expect, test } from 'vitest';
import type { Bus, Consumer, ReceivedMessage } from '../bus/bus.ts';
import { TopicFollower } from './topic-follower.ts';

/** A bus whose topic has three messages. */
function busOfThree(): Bus {
  const source = { topic: 'resources', partition: 0 };
  const message = (offset: number): ReceivedMessage => ({
    ...source,
    offset,
    timestampMs: 0,
    key: '',
    value: Buffer.from('x'),
    headers: {},
  });
  let polls = 0;
  const consumer: Consumer = {
    poll: () =>
      Promise.resolve(
        polls++ > 0
          ? { messages: [] }
          : {
              rebalance: { assigned: [{ ...source, offset: 0, emittedBelow: 0 }], revoked: [] },
              messages: [0, 1, 2].map(message),
            },
      ),
    commit: () => Promise.resolve(),
    endOffsets: () => Promise.resolve([{ ...source, offset: 3 }]),
    close: () => Promise.resolve(),
  };
  const unused = (): never => {
    throw new Error('not used');
  };
  return { ensureTopics: unused, producer: unused, consumer: () => Promise.resolve(consumer), close: unused };
}

test('a message that cannot be taken in is reported and left out; the others are taken in', async () => {
  const [learned, failed]: [number[], number[]] = [[], []];
  const learn = ({ offset }: ReceivedMessage): void => {
    if (offset === 1) throw new TypeError('a bug');
    learned.push(offset);
  };
  const options = { bus: busOfThree(), topic: 'resources', reader: 'r', learn } as const;
  const follower = await TopicFollower.open({ ...options, failed: ({ offset }) => failed.push(offset) });
  await follower.catchUp(new AbortController().signal);
  expect([learned, failed]).toEqual([[0, 2], [1]]);
  const strict = await TopicFollower.open({ ...options, bus: busOfThree() });
  await expect(strict.catchUp(new AbortController().signal)).rejects.toThrow('a bug');
});
