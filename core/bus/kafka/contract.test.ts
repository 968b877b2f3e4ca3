import { brokerForTests } from '../../../scripts/kafka/test-broker.ts';
import { randomUUID } from 'node:crypto';
import { describeBusContract } from '../contract.ts';
import { openKafkaBus } from './kafka-bus.ts';

brokerForTests('bus contract: kafka', (broker) => {
  describeBusContract('kafka', () => {
    const prefix = `test-${randomUUID()}.`;
    return Promise.resolve({
      open: () => Promise.resolve(openKafkaBus({ brokers: broker().brokers, prefix, heartbeatEveryMs: 200 })),
      dispose: () => Promise.resolve(),
    });
  });
});
