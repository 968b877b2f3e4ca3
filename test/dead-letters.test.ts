/** What a stage put aside is found by `spanloom dead-letter list`, and goes its way again by `replay`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unsignedAccepted } from '../core/agents/agent-signature.ts';
import { openEmbeddedBus } from '../core/bus/embedded/embedded-bus.ts';
import type { Bus, ReceivedMessage } from '../core/bus/bus.ts';
import { outgoingMessage } from '../core/codec.ts';
import { createLogger } from '../core/telemetry/logger.ts';
import { createTelemetry } from '../core/telemetry/telemetry.ts';
import { topics, type Topic } from '../core/topics.ts';
import { readTopic } from '../cli/bus/read-topic.ts';
import { loadSettings } from '../cli/settings.ts';
import { runCorrelator } from '../correlator/run.ts';
import { runEnricher } from '../enricher/run.ts';
import { spanloom } from './e2e/spanloom.ts';

interface ListedLetter {
  readonly stage: string;
  readonly reason: string;
  readonly origin: { readonly topic: string; readonly partition: number; readonly offset: number };
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value_base64: string;
}

const { signal } = new AbortController();
const telemetry = createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) });
const settings = loadSettings({});
const poison = Buffer.from([0, 255, 128, 7]);
const foreign = { topic: 'spans', key: 'stranger', value: poison, headers: { schema: 'beef', note: 'ünïcode' } };

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanloom-letters-'));
  await withLog(async (bus) => {
    const producer = await bus.producer();
    await producer.send([outgoingMessage('events', '7', 'EventBatch', poison), foreign, foreign]);
    await runEnricher({
      config: settings.enricher,
      signatures: unsignedAccepted,
      bus,
      telemetry,
      signal,
      untilEnd: true,
    });
    await runCorrelator({ config: settings.correlator, bus, telemetry, signal, untilEnd: true });
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function withLog<Result>(use: (bus: Bus) => Promise<Result>): Promise<Result> {
  const bus = openEmbeddedBus({ directory: join(folder, 'log') });
  try {
    await bus.ensureTopics(topics.map((name) => ({ name, partitions: 1 })));
    return await use(bus);
  } finally {
    await bus.close();
  }
}

function messagesOf(topic: Topic): Promise<readonly ReceivedMessage[]> {
  return withLog(async (bus) => {
    const messages: ReceivedMessage[] = [];
    for await (const message of readTopic(bus, topic, signal)) messages.push(message);
    return messages;
  });
}

async function command(...args: readonly string[]): Promise<string> {
  const { code, output, errors } = await spanloom(['dead-letter', ...args], { SPANLOOM_DATA_DIR: folder });
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  return output;
}

async function list(...args: readonly string[]): Promise<readonly ListedLetter[]> {
  return (JSON.parse(await command('list', '--json', ...args)) as { readonly letters: readonly ListedLetter[] })
    .letters;
}

describe('dead letters', () => {
  it('say who refused what and why, with key, headers and bytes, and can be narrowed down', async () => {
    const letters = await list();
    expect(letters.map(({ stage, reason, origin }) => [stage, reason, origin.topic, origin.offset])).toEqual([
      ['correlator', 'unknown_schema', 'spans', 1],
      ['correlator', 'unknown_schema', 'spans', 0],
      ['enricher', 'undecodable', 'events', 0],
    ]);
    expect(letters[0]).toMatchObject({ key: 'stranger', headers: foreign.headers });
    expect(Buffer.from(letters[0]!.value_base64, 'base64').equals(poison)).toBe(true);
    expect(await list('--stage', 'enricher')).toHaveLength(1);
    expect(await list('--reason', 'unknown_schema', '--topic', 'spans', '--since', '1h')).toHaveLength(2);
    expect(await list('--limit', '1')).toEqual([letters[0]]);
    expect(await list('--topic', 'traces')).toEqual([]);
    const table = await command('list');
    expect(table.split('\n')[0]).toMatch(/^LETTER +TIME +STAGE +REASON +FROM/);
  });

  it('are replayed exactly, marked with the letter; a second replay carries the same mark', async () => {
    const before = await messagesOf('spans');
    expect(await command('replay', '--topic', 'spans', '--dry-run')).toBe('Would replay 2 dead letters: 2 to spans.\n');
    expect(await messagesOf('spans')).toHaveLength(before.length);
    for (let time = 0; time < 2; time++)
      expect(await command('replay', '--topic', 'spans')).toBe('Replayed 2 dead letters: 2 to spans.\n');
    const replayed = (await messagesOf('spans')).slice(before.length);
    expect(replayed.map(({ key, headers }) => [key, headers['note'], headers['replayed-from']])).toEqual([
      ['stranger', 'ünïcode', '0/1'],
      ['stranger', 'ünïcode', '0/2'],
      ['stranger', 'ünïcode', '0/1'],
      ['stranger', 'ünïcode', '0/2'],
    ]);
    expect(replayed.every(({ value }) => value.equals(poison))).toBe(true);
  });

  it('are read without moving the position of any stage', async () => {
    await withLog(async (bus) => {
      const consumer = await bus.consumer({ group: 'correlator', topics: ['spans'] });
      const { rebalance } = await consumer.poll({ maxWaitMs: 1_000, maxBytes: 1 });
      expect(rebalance?.assigned).toMatchObject([{ emittedBelow: 2 }]);
    });
  });
});
