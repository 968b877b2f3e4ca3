/** Stages as processes of their own: what they tell of themselves, and how they end. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedBus } from '../../core/bus/embedded/embedded-bus.ts';
import { readTopic } from '../../cli/bus/read-topic.ts';
import { stageNames } from '../../cli/stages.ts';
import type { Bus } from '../../core/bus/bus.ts';
import { outgoingMessage } from '../../core/codec.ts';
import { projectFile } from '../../core/project-files.ts';
import { topics } from '../../core/topics.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { readDeadLetter } from '../../schemas/generated/dead-letter.ts';
import { readResource, type Resource } from '../../schemas/generated/resource.ts';
import { captureMissing, describeWhere } from '../requirement.ts';
import { type RunningCommand, startSpanloom, untilSays, withoutRights } from './spanloom.ts';

let folder: string;
const running: RunningCommand[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanloom-services-'));
});
afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all(running.splice(0).map(({ ended }) => ended));
  rmSync(folder, { recursive: true, force: true });
});

interface Service extends RunningCommand {
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
  /** Waits until the body of an answer matches. */
  untilTells(path: string, pattern: RegExp | string): Promise<string>;
}

async function start(
  stage: string,
  settings: Readonly<Record<string, string>> = {},
  launcher: readonly string[] = [],
): Promise<Service> {
  const own = { SPANLOOM_DATA_DIR: folder, SPANLOOM_METRICS_PORT: '0', SPANLOOM_LOG_LEVEL: 'warn' };
  const command = startSpanloom([stage], { ...own, ...settings }, launcher);
  running.push(command);
  const [, address] = await untilSays(command, /Metrics are at (\S+)\/metrics/);
  const get: Service['get'] = async (path) => {
    const response = await fetch(`${address!}${path}`);
    return { status: response.status, text: await response.text() };
  };
  return {
    ...command,
    get,
    async untilTells(path, pattern) {
      for (let attempt = 0; ; attempt++) {
        const { text } = await get(path);
        if (typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text)) return text;
        if (attempt > 900) throw new Error(`${String(pattern)} did not appear in ${path}:\n${text}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
  };
}

async function withLog<Result>(use: (bus: Bus) => Promise<Result>): Promise<Result> {
  const bus = openEmbeddedBus({ directory: join(folder, 'log') });
  try {
    await bus.ensureTopics(topics.map((name) => ({ name, partitions: 1 })));
    return await use(bus);
  } finally {
    await bus.close();
  }
}

/** A port on which somebody answers nothing, or nobody at all. */
async function port(listens: boolean): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server: Server = createServer((socket) => void socket.resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = (): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));
  if (!listens) await close();
  return { url, close: () => (listens ? close() : Promise.resolve()) };
}

async function becomesReady(stage: string): Promise<void> {
  const service = await start(stage, { SPANLOOM_QUERY_PORT: '0' });
  await service.untilTells('/readyz', /^ok$/m);
  expect(await service.get('/healthz')).toEqual({ status: 200, text: 'ok\n' });
  service.child.kill('SIGTERM');
  expect(await service.ended).toBe(0);
  expect(service.errors()).not.toMatch(/^spanloom:/m);
}

describeWhere(captureMissing(), 'the collector as a service', () => {
  it('is ready by itself, and ends with 0', () => becomesReady('collector'));
});

describe('the collector without its capture', () => {
  it('runs without rights and without the addon, is ready and publishes this host, and ends with 0', async () => {
    const settings = { SPANLOOM_COLLECTOR_CAPTURE_ENABLED: 'false', SPANLOOM_WATCHDOG_TIMEOUT: '0' };
    const collector = await start('collector', settings, withoutRights);
    await collector.untilTells('/readyz', /^ok$/m);
    expect(await collector.get('/healthz')).toEqual({ status: 200, text: 'ok\n' });
    await collector.untilTells('/metrics', 'spanloom_stage_received_total{stage="collector"} 0');
    // setpriv becomes the command that it starts, so this is its own process.
    const mapped = readFileSync(`/proc/${collector.child.pid!}/maps`, 'utf8');
    expect(mapped).toContain('.node');
    expect(mapped).not.toContain(projectFile('native'));
    collector.child.kill('SIGTERM');
    expect(await collector.ended).toBe(0);
    await withLog(async (bus) => {
      const found: Resource[] = [];
      for await (const { value } of readTopic(bus, 'agent-resources', new AbortController().signal))
        found.push(readResource(new AvroReader(value)));
      expect(found).toMatchObject([{ kind: 'host', name: hostname() }]);
    });
  });

  it('is no source of recordings, and says which setting makes it one', async () => {
    const recording = startSpanloom(['record', join(folder, 'recording.avro')], {
      SPANLOOM_DATA_DIR: folder,
      SPANLOOM_COLLECTOR_CAPTURE_ENABLED: 'false',
    });
    running.push(recording);
    expect(await recording.ended).not.toBe(0);
    expect(recording.errors()).toContain('SPANLOOM_COLLECTOR_CAPTURE_ENABLED: must be true for a recording');
  });
});

describe('a stage as a service', () => {
  it('tells health, readiness and every count, and after SIGTERM ends with 0, its work stored', async () => {
    const poison = outgoingMessage('events', 'agent', 'EventBatch', Buffer.from('no batch'));
    await withLog(async (bus) => (await bus.producer()).send([poison, poison, poison]));
    const enricher = await start('enricher');
    await enricher.untilTells('/readyz', /^ok$/m);
    expect((await enricher.get('/healthz')).status).toBe(200);
    for (const line of [
      'spanloom_stage_rejected_total{stage="enricher",reason="undecodable"} 3',
      'spanloom_stage_received_total{stage="enricher"} 3',
      'spanloom_stage_emitted_total{stage="enricher"} 0',
      'spanloom_stage_buffered{stage="enricher"} 0',
      'spanloom_stage_lag_messages{stage="enricher",topic="events",partition="0"} 0',
      'spanloom_stage_lag_seconds{stage="enricher",topic="events",partition="0"} 0',
      'spanloom_stage_batch_duration_seconds_count{stage="enricher"}',
      'spanloom_build_info{version=',
      'process_resident_memory_bytes',
    ])
      await enricher.untilTells('/metrics', line);
    enricher.child.kill('SIGTERM');
    expect(await enricher.ended).toBe(0);
    await withLog(async (bus) => {
      const consumer = await bus.consumer({ group: 'enricher', topics: ['events'] });
      // It has left the group, so its partition is free at once, at the position it stored.
      const { rebalance } = await consumer.poll({ maxWaitMs: 1_000, maxBytes: 1_000 });
      expect(rebalance?.assigned).toMatchObject([{ emittedBelow: 3 }]);
    });
  });

  it.each(stageNames.filter((stage) => stage !== 'collector'))('%s is ready by itself, and ends with 0', becomesReady);

  it('stopped amid its work and started again has done everything, and nothing twice', async () => {
    const count = 6_000;
    const value = Buffer.alloc(8_000, 255);
    const poison = Array.from({ length: count }, (_, index) =>
      outgoingMessage('events', String(index), 'EventBatch', value),
    );
    await withLog(async (bus) => (await bus.producer()).send(poison));
    const first = await start('enricher');
    await first.untilTells('/metrics', /received_total\{stage="enricher"\} [1-9]/);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    const letters = async (): Promise<readonly number[]> =>
      withLog(async (bus) => {
        const offsets: number[] = [];
        for await (const { value } of readTopic(bus, 'dead-letter', new AbortController().signal))
          offsets.push(readDeadLetter(new AvroReader(value)).offset);
        return offsets;
      });
    const before = await letters();
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThan(count);
    const second = await start('enricher');
    await second.untilTells('/metrics', /lag_messages\{[^}]*\} 0/);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    expect(await letters()).toEqual(Array.from({ length: count }, (_, offset) => offset));
  });

  it('waits for a database that is away: alive, not ready, with the reason; SIGTERM still ends it with 0', async () => {
    const away = await port(false);
    const sink = await start('sink', { SPANLOOM_CLICKHOUSE_URL: away.url });
    const problems = await sink.untilTells('/readyz', /sink: migrate fails/);
    expect(problems).toMatch(/^ClickHouse: /m);
    expect((await sink.get('/readyz')).status).toBe(503);
    expect((await sink.get('/healthz')).status).toBe(200);
    sink.child.kill('SIGTERM');
    expect(await sink.ended).toBe(0);
    expect(sink.errors()).not.toMatch(/^spanloom:/m);
  });

  it('that does not end within the bound is cut off, with one sentence and 1', async () => {
    const silent = await port(true);
    const sink = await start('sink', { SPANLOOM_CLICKHOUSE_URL: silent.url, SPANLOOM_SHUTDOWN_TIMEOUT: '700ms' });
    sink.child.kill('SIGTERM');
    await sink.untilTells('/readyz', /^draining$/m).catch(() => undefined);
    expect(await sink.ended).toBe(1);
    expect(sink.errors()).toMatch(/^spanloom: The process did not end within 700 ms of the signal and is cut off\.$/m);
    await silent.close();
  });

  it('ends at once at the second signal', async () => {
    const silent = await port(true);
    const sink = await start('sink', { SPANLOOM_CLICKHOUSE_URL: silent.url });
    sink.child.kill('SIGTERM');
    await sink.untilTells('/readyz', /^draining$/m);
    sink.child.kill('SIGTERM');
    expect(await sink.ended).toBe(143);
    await silent.close();
  });

  it('whose data directory cannot be one ends with one sentence and 2, instead of waiting', async () => {
    writeFileSync(join(folder, 'log'), 'no log');
    const enricher = startSpanloom(['enricher'], { SPANLOOM_DATA_DIR: folder, SPANLOOM_LOG_LEVEL: 'fatal' });
    running.push(enricher);
    expect(await enricher.ended).toBe(2);
    expect(
      enricher
        .errors()
        .split('\n')
        .filter((line) => line.startsWith('spanloom: ')),
    ).toHaveLength(1);
  });
});
