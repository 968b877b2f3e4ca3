import { expect, it } from 'vitest';
import type { Bus, OutgoingMessage } from '../bus/bus.ts';
import { withFittingLetters } from '../fitting-letters.ts';
import { framedBus } from '../registry/framed-bus.ts';
import { type ConnectOptions, patientBus } from './connect.ts';
import { declaredBus } from './declared-bus.ts';

const sent: OutgoingMessage[] = [];
const inner = {
  producer: () =>
    Promise.resolve({ send: (all: readonly OutgoingMessage[]) => Promise.resolve(void sent.push(...all)) }),
  consumer: (options: unknown) => Promise.resolve(options),
} as unknown as Bus;
const bus = declaredBus(inner, {
  name: 'tester',
  reads: [
    { topic: 'events', group: 'tester', isWhole: false },
    { topic: 'resources', group: 'tester-names', isWhole: true },
  ],
  writes: ['spans'],
});

it('a stage reads what its definition declares, in the groups that it declares, and nothing else', async () => {
  await bus.consumer({ group: 'tester', topics: ['events'] });
  await bus.consumer({ group: 'tester-names-1b2c', topics: ['resources'] });
  await expect(bus.consumer({ group: 'tester', topics: ['events', 'spans'] })).rejects.toThrow('tester reads spans');
  await expect(bus.consumer({ group: 'other', topics: ['events'] })).rejects.toThrow('other reads events');
});

it('a stage writes what its definition declares, and of messages with another topic none is sent', async () => {
  const producer = await bus.producer();
  const message = (topic: string): OutgoingMessage => ({ topic, key: '', value: Buffer.alloc(0) });
  await producer.send([message('spans')]);
  await expect(producer.send([message('spans'), message('traces')])).rejects.toThrow('it writes traces');
  expect(sent.map(({ topic }) => topic)).toEqual(['spans']);
});

it('whatever is around a bus, its servers are known: a collector leaves out what it sends to them itself', () => {
  const servers = ['kafka-0:9092'];
  const definition = { name: 'tester', reads: [], writes: [] };
  const options = { signal: new AbortController().signal } as ConnectOptions;
  const around = framedBus(withFittingLetters(patientBus(declaredBus({ ...inner, servers }, definition), options)), {
    registry: undefined,
    topicPrefix: '',
  });
  expect(around.servers).toEqual(servers);
});
