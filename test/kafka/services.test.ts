/** Stages as processes on a real broker: what they do on the embedded log, they do here. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { readTopic } from '../../cli/read-topic.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { outgoingMessage } from '../../core/codec.ts';
import { startRegistryServer } from '../../core/registry/testing/registry-server.ts';
import { type RunningCommand, spanloom, startSpanloom, untilSays } from '../e2e/spanloom.ts';
import { brokerForTests, type TestBroker } from './test-broker.ts';

type Settings = Readonly<Record<string, string>>;

const settingsFor = ({ brokers }: TestBroker): Settings & { readonly SPANLOOM_BUS_KAFKA_PREFIX: string } => ({
  SPANLOOM_BUS_KAFKA_BROKERS: brokers.join(','),
  SPANLOOM_BUS_KAFKA_PREFIX: `services-${randomUUID()}.`,
  SPANLOOM_BUS_PARTITIONS: '3',
  SPANLOOM_AGENTS_SIGNATURES: 'accepted',
  SPANLOOM_METRICS_PORT: '0',
  SPANLOOM_LOG_LEVEL: 'error',
});

interface Service extends RunningCommand {
  /** Waits until the body of an answer matches, alive all the time. */
  untilTells(path: string, pattern: RegExp): Promise<void>;
}

async function startEnricher(settings: Settings): Promise<Service> {
  const command = startSpanloom(['enricher'], settings);
  const [, address] = await untilSays(command, /Metrics are at (\S+)\/metrics/);
  return {
    ...command,
    async untilTells(path, pattern) {
      for (let attempt = 0; ; attempt++) {
        expect((await fetch(`${address!}/healthz`)).status).toBe(200);
        const text = await (await fetch(`${address!}${path}`)).text();
        if (pattern.test(text)) return;
        if (attempt > 300) throw new Error(`${String(pattern)} did not appear in ${path}:\n${text}`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    },
  };
}

brokerForTests('stages as services on Kafka', (broker) => {
  it('a stage rejects, dead letters are listed and replayed, framed for a registry; SIGTERM ends it with 0', async () => {
    const registry = await startRegistryServer();
    const settings = { ...settingsFor(broker()), SPANLOOM_SCHEMA_REGISTRY_URL: registry.url };
    const prefix = settings.SPANLOOM_BUS_KAFKA_PREFIX;
    expect((await spanloom(['topics', 'apply'], settings)).code).toBe(0);
    const raw = openKafkaBus({ brokers: broker().brokers, prefix });
    try {
      const producer = await raw.producer();
      const poison = Array.from({ length: 30 }, (_, index) =>
        outgoingMessage('events', String(index), 'EventBatch', Buffer.from('no batch')),
      );
      await producer.send(poison);
      await producer.close();
      const enricher = await startEnricher(settings);
      await enricher.untilTells('/metrics', /rejected_total\{[^}]*reason="undecodable"\} 30/);
      await enricher.untilTells('/metrics', /lag_messages\{[^}]*partition="2"\} 0/);
      await enricher.untilTells('/readyz', /^ok$/m);
      enricher.child.kill('SIGTERM');
      expect(await enricher.ended).toBe(0);

      const { output } = await spanloom(['dead-letter', 'list', '--json', '--stage', 'enricher'], settings);
      expect((JSON.parse(output) as { readonly letters: readonly unknown[] }).letters).toHaveLength(30);
      const replayed = await spanloom(['dead-letter', 'replay'], settings);
      expect(replayed.output).toBe('Replayed 30 dead letters: 30 to events.\n');
      const framings: (string | undefined)[] = [];
      for await (const { headers } of readTopic(raw, 'events', new AbortController().signal))
        framings.push(headers['framing']);
      expect(framings.filter((framing) => framing === 'confluent')).toHaveLength(30);
      expect(framings).toHaveLength(60);
      expect(registry.requests).toContain(`POST /subjects/${prefix}dead-letter-value/versions`);
    } finally {
      await raw.close();
      await registry.close();
    }
  }, 120_000);
});

brokerForTests(
  'a stage whose broker is away',
  (broker) => {
    it('is alive, not ready, and says why; is ready when the broker is back; ends with 0 whenever it is told', async () => {
      const settings = settingsFor(broker());
      expect((await spanloom(['topics', 'apply'], settings)).code).toBe(0);
      const running = await startEnricher(settings);
      await running.untilTells('/readyz', /^ok$/m);
      await broker().kill();
      await running.untilTells('/readyz', /^enricher: \w+ fails: Kafka/m);
      const starting = await startEnricher(settings);
      await starting.untilTells('/readyz', /^enricher: bus fails: Kafka/m);
      starting.child.kill('SIGTERM');
      expect(await starting.ended).toBe(0);
      await broker().restart();
      await running.untilTells('/readyz', /^ok$/m);
      await broker().kill();
      await running.untilTells('/readyz', /^enricher: \w+ fails: Kafka/m);
      running.child.kill('SIGTERM');
      expect(await running.ended).toBe(0);
    }, 180_000);
  },
  { killable: true },
);
