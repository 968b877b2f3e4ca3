/** Stages as processes on a real broker: what they do on the embedded log, they do here. */
import { expect, it } from 'vitest';
import { readTopic } from '../../cli/bus/read-topic.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { outgoingMessage } from '../../core/codec.ts';
import { startRegistryServer } from '../../core/registry/testing/registry-server.ts';
import { spanloom } from '../e2e/spanloom.ts';
import { settingsFor, startEnricher } from './enricher-service.ts';
import { brokerForTests } from './test-broker.ts';

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
