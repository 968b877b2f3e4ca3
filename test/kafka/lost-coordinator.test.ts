import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { numbered, pollUntil, Reader, untilDone } from './reader.ts';
import { brokerForTests } from './test-broker.ts';

/** What kafkajs asks a broker, where answers are changed here: no broker can be made to give them at a certain moment. */
type Requests = Record<'heartbeat' | 'joinGroup', (options: unknown) => Promise<unknown>>;
const requests = (createRequire(import.meta.url)('kafkajs/src/broker') as { readonly prototype: Requests }).prototype;

/** Answers of a broker that gives a group away, and that has been given it. */
type Answer = 'NOT_COORDINATOR_FOR_GROUP' | 'GROUP_LOAD_IN_PROGRESS';

/** The next requests of this kind get these answers. Resolves after the last. */
function answer(kind: keyof Requests, answers: readonly Answer[]): Promise<void> {
  const { [kind]: ask } = requests;
  return new Promise((resolve) => {
    let at = 0;
    requests[kind] = () => {
      const type = answers[at++]!;
      if (at === answers.length) {
        requests[kind] = ask;
        resolve();
      }
      return Promise.reject(Object.assign(new Error(type), { name: 'KafkaJSProtocolError', type, retriable: true }));
    };
  });
}

brokerForTests('a coordinator that is away for a moment', (broker) => {
  test.each<[string, Answer]>([
    ['lost the group', 'NOT_COORDINATOR_FOR_GROUP'],
    ['loads the group', 'GROUP_LOAD_IN_PROGRESS'],
  ])('and %s while a member joins does not stop its stage for ever', async (_, last) => {
    const topic = randomUUID();
    const bus = openKafkaBus({ brokers: broker().brokers, prefix: 'coordinator.', heartbeatEveryMs: 100 });
    await bus.ensureTopics([{ name: topic, partitions: 2 }]);
    const producer = await bus.producer();
    await producer.send(numbered(topic, 100, 0));
    const reader = new Reader(await bus.consumer({ group: topic, topics: [topic] }));
    await pollUntil([reader], () => reader.messages.length === 100);
    let isLost = false;
    const lost = [
      answer('joinGroup', ['NOT_COORDINATOR_FOR_GROUP', last]),
      answer('heartbeat', ['NOT_COORDINATOR_FOR_GROUP']),
    ];
    void Promise.all(lost).then(() => (isLost = true));
    await pollUntil([reader], () => isLost);
    await untilDone(() => reader.commit());
    await producer.send(numbered(topic, 100, 100));
    await pollUntil([reader], () => reader.messages.length >= 200);
    expect(reader.messages).toHaveLength(200);
    await bus.close();
  });
});
