/** Starts the Kafka broker that serves a whole run, and ends it. */
import type { TestProject } from 'vitest/node';
import { kafkaSource, startKafka } from './kafka.ts';
import type {} from './provided.ts';

export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const source = await kafkaSource();
  if (source.kind === 'missing') {
    project.provide('kafka', { missing: source.reason });
    return undefined;
  }
  const server = await startKafka(source);
  project.provide('kafka', { addresses: server.brokers });
  return () => server.stop();
}
