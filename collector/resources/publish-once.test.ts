import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openEmbeddedBus } from '../../core/bus/embedded/embedded-bus.ts';
import { decodeValue } from '../../core/codec.ts';
import { loadConfig } from '../../core/config/load-config.ts';
import { TopicFollower } from '../../core/stage/topic-follower.ts';
import { createLogger } from '../../core/telemetry/logger.ts';
import { createTelemetry } from '../../core/telemetry/telemetry.ts';
import { readResource, type Resource } from '../../schemas/generated/resource.ts';
import { FileSource } from '../cloud/file/file-source.ts';
import { resourcesConfig } from './config.ts';
import { publishOnce } from './publish-once.ts';

const telemetry = createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) });
const { resources: config } = loadConfig({}, { resources: resourcesConfig });
let directory = '';
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'spanloom-publish-once-'))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('everything that a file states is there when publishing ends, once, and the ids stay with the next time', async () => {
  const path = join(directory, 'resources.yaml');
  writeFileSync(path, 'valid_since: 2026-01-01\nregions: { r: { zones: [a, b] } }\nvpcs: { v: { region: r } }\n');
  const bus = openEmbeddedBus({ directory: join(directory, 'log') });
  await bus.ensureTopics([
    { name: 'resources', partitions: 1, compacted: true },
    { name: 'resource-ids', partitions: 1 },
  ]);
  const { signal } = new AbortController();
  const published: Resource[] = [];
  const follower = await TopicFollower.open({
    bus,
    topic: 'resources',
    reader: 'test',
    learn(message) {
      const decoded = decodeValue('Resource', message, readResource);
      if (decoded.kind === 'ok') published.push(decoded.value);
    },
  });
  try {
    for (const expected of [4, 4, 5]) {
      if (expected === 5) writeFileSync(path, 'regions: { r: { zones: [a, b, c] } }\nvpcs: { v: { region: r } }\n');
      const source = new FileSource({ path, intervalMs: 1_000, telemetry: { emit: () => undefined } });
      await publishOnce({ config, bus, sources: [source], telemetry, signal });
      await follower.catchUp(signal);
      expect(published).toHaveLength(expected);
    }
  } finally {
    await follower.close();
    await bus.close();
  }
  const names = published.map(({ kind, id, name }) => `${kind} ${id} ${name}`);
  // Each publisher takes ids of its own.
  expect(names).toEqual(['region 1 r', 'zone 1 a', 'zone 2 b', 'vpc 1 v', expect.stringMatching(/^zone \d{2,} c$/)]);
  expect(published[0]!.validFromNs).toBe(BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n);
  expect(published[3]!.parents).toEqual([{ kind: 'region', id: 1, uid: '' }]);
});
