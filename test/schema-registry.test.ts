/** Confluent framing against a real Schema Registry: SCHEMA_REGISTRY_URL where it is set, else one from Maven. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readTopic } from '../cli/bus/read-topic.ts';
import type { ReceivedMessage } from '../core/bus/bus.ts';
import { openEmbeddedBus } from '../core/bus/embedded/embedded-bus.ts';
import { outgoingMessage } from '../core/codec.ts';
import { batchMessage, describeFraming, framingBench } from '../core/registry/testing/framing-suite.ts';
import { topics } from '../core/topics.ts';
import { registryMissing, startRealRegistry, type RealRegistry } from '../core/registry/testing/start-registry.ts';
import { spanloom, startSpanloom, untilSays } from './e2e/spanloom.ts';
import { describeWhere } from './requirement.ts';

const given = process.env['SCHEMA_REGISTRY_URL'];

describeWhere(given === undefined ? registryMissing() : undefined, 'a real schema registry', () => {
  let registry: RealRegistry;
  beforeAll(async () => {
    registry = given === undefined ? await startRealRegistry() : { url: given, stop: () => Promise.resolve() };
  }, 180_000);
  afterAll(() => registry.stop());

  describeFraming('Apicurio', () => registry.url);

  const bench = framingBench();
  test('refuses a schema that its rules of compatibility forbid, with its own reason', async () => {
    const subject = `test.${bench.topic}-value`;
    const ask = async (method: string, path: string, body: object): Promise<void> => {
      const response = await fetch(registry.url + path, {
        method,
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify(body),
      });
      expect(response.ok).toBe(true);
    };
    const other = {
      type: 'record',
      name: 'SpanBatch',
      namespace: 'io.spanloom',
      fields: [{ name: 'agent_id', type: 'string' }],
    };
    await ask('POST', `/subjects/${subject}/versions`, { schema: JSON.stringify(other) });
    await ask('PUT', `/config/${subject}`, { compatibility: 'BACKWARD' });
    await expect(bench.send(bench.withRegistry(registry.url), batchMessage(bench.topic))).rejects.toThrow(
      /refused the schema of test\..*: its rules of compatibility forbid it after those before: .*[Ii]ncompatible/,
    );
  });

  test('is used by a stage that is told its address, and commands read what it wrote without being told', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spanloom-registry-'));
    const raw = openEmbeddedBus({ directory: join(folder, 'log') });
    try {
      await raw.ensureTopics(topics.map((name) => ({ name, partitions: 1 })));
      const poison = outgoingMessage('events', 'agent', 'EventBatch', Buffer.from('no batch'));
      await bench.send(raw, poison);
      const enricher = startSpanloom(['enricher'], {
        SPANLOOM_DATA_DIR: folder,
        SPANLOOM_SCHEMA_REGISTRY_URL: registry.url,
        SPANLOOM_METRICS_PORT: '0',
      });
      const [, address] = await untilSays(enricher, /Metrics are at (\S+)\/metrics/);
      const metrics = async (): Promise<string> => (await fetch(`${address!}/metrics`)).text();
      while (!(await metrics()).includes('batch_duration_seconds_count{stage="enricher"} 1'))
        await new Promise((resolve) => setTimeout(resolve, 100));
      enricher.child.kill('SIGTERM');
      expect(await enricher.ended).toBe(0);
      const stored: ReceivedMessage[] = [];
      for await (const message of readTopic(raw, 'dead-letter', new AbortController().signal)) stored.push(message);
      expect(stored.map(({ value, headers }) => [value[0], headers['framing']])).toEqual([[0, 'confluent']]);
      const subjects = (await (await fetch(`${registry.url}/subjects`)).json()) as readonly string[];
      expect(subjects).toContain('spanloom.dead-letter-value');
      const { output } = await spanloom(['dead-letter', 'list', '--json'], { SPANLOOM_DATA_DIR: folder });
      expect(JSON.parse(output)).toMatchObject({
        letters: [{ stage: 'enricher', reason: 'undecodable', headers: poison.headers }],
        unreadable: 0,
      });
    } finally {
      await raw.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
