import { randomUUID } from 'node:crypto';
import { describeBusContract } from '../../core/bus/testing/bus-contract.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { brokerForTests } from './test-broker.ts';

brokerForTests('the bus on Kafka keeps the contract', (broker) => {
  describeBusContract('kafka', () => {
    const prefix = `test-${randomUUID()}.`;
    return Promise.resolve({
      open: () => Promise.resolve(openKafkaBus({ brokers: broker().brokers, prefix, heartbeatEveryMs: 200 })),
      dispose: () => Promise.resolve(),
    });
  });
});
