/** The broker of a suite: the one that serves the whole run, or one of its own where the suite kills it. */
import { afterAll, beforeAll, inject } from 'vitest';
import { brokerMissing } from '../../scripts/kafka/jars.ts';
import { describeWhere } from '../requirement.ts';
import { startOwnBroker } from '../services/kafka.ts';
import type {} from '../services/provided.ts';

/** A broker that others use too: topics, groups and transactions have names that nobody else has. */
export interface TestBroker {
  readonly brokers: readonly string[];
}

/** A broker of a suite's own. */
export interface KillableBroker extends TestBroker {
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/** A suite on the broker that serves the whole run. */
export function brokerForTests(name: string, suite: (broker: () => TestBroker) => void): void {
  const provided = inject('kafka');
  if ('missing' in provided) describeWhere(provided.missing, name, () => undefined);
  else describeWhere(undefined, name, () => suite(() => ({ brokers: provided.addresses })));
}

/** A suite with a broker of its own, from Maven's archives, that it kills. */
export function killableBrokerForTests(name: string, suite: (broker: () => KillableBroker) => void): void {
  describeWhere(brokerMissing(), name, () => {
    let broker: Awaited<ReturnType<typeof startOwnBroker>> | undefined;
    beforeAll(async () => {
      broker = await startOwnBroker();
    }, 180_000);
    afterAll(async () => {
      await broker?.remove();
    });
    suite(() => {
      if (broker === undefined) throw new Error('the broker has not started');
      return broker;
    });
  });
}
