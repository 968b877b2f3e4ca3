/**
 * The broker that tests use: KAFKA_BROKERS where it is set; else a container where a Docker engine answers that has the
 * image already; else one from Maven's archives; else the tests are skipped, with one line that says why.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { describeWhere } from '../requirement.ts';
import { startBroker } from '../../scripts/kafka/broker.ts';
import { containerImage, startContainer } from '../../scripts/kafka/container.ts';
import { brokerMissing } from '../../scripts/kafka/jars.ts';

/** A broker for tests; those that kill it say so and get one from Maven. */
export interface TestBroker {
  readonly brokers: readonly string[];
  kill(): Promise<void>;
  restart(): Promise<void>;
}

interface Started extends TestBroker {
  stop(): Promise<void>;
}

/**
 * A suite with a broker of its own.
 *
 * @param options.killable the suite kills and restarts the broker, which only one on this machine can stand
 */
export function brokerForTests(
  name: string,
  suite: (broker: () => TestBroker) => void,
  options: { readonly killable?: boolean } = {},
): void {
  const given = options.killable === true ? undefined : process.env['KAFKA_BROKERS'];
  const image = given !== undefined || options.killable === true ? undefined : containerImage();
  const missing = given === undefined && image === undefined ? brokerMissing() : undefined;
  describeWhere(missing, name, () => {
    let broker: Started | undefined;
    beforeAll(async () => {
      if (given !== undefined) broker = remote(given.split(','));
      else broker = image === undefined ? await local() : await startContainer(image);
    }, 180_000);
    afterAll(async () => {
      await broker?.stop();
    });
    suite(() => {
      if (broker === undefined) throw new Error('the broker has not started');
      return broker;
    });
  });
}

function remote(brokers: readonly string[]): Started {
  const refuse = (): Promise<never> => Promise.reject(new Error('a broker that others use is not killed'));
  return { brokers, kill: refuse, restart: refuse, stop: () => Promise.resolve() };
}

async function local(): Promise<Started> {
  const directory = mkdtempSync(join(tmpdir(), 'kafka-'));
  const broker = await startBroker({ directory });
  return {
    ...broker,
    stop: async () => {
      await broker.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
