import { randomUUID } from 'node:crypto';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { describePoison } from '../../core/stage/testing/poison-suite.ts';
import { brokerForTests } from './test-broker.ts';

brokerForTests('a message that ends its stage, on Kafka', (broker) => {
  describePoison(() => {
    const { brokers } = broker();
    const prefix = `${randomUUID()}.`;
    return Promise.resolve({
      bus: openKafkaBus({ brokers, prefix, heartbeatEveryMs: 100 }),
      programArguments: ['kafka', brokers.join(), prefix],
    });
  });
});
