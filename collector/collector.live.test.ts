/** The collector on the running kernel: what it sends of a small client and server, and what a recording of it holds. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OutgoingMessage } from '../core/bus/bus.ts';
import { loadConfig } from '../core/config/load-config.ts';
import { createLogger } from '../core/telemetry/logger.ts';
import { createTelemetry } from '../core/telemetry/telemetry.ts';
import { canCapture, finish, python } from '../native/testing/live-events.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import { readEventBatch, type EventBatch } from '../schemas/generated/event-batch.ts';
import { readResource, type Resource } from '../schemas/generated/resource.ts';
import { runRecording } from './record/run-recording.ts';
import { runReplay } from './replay/run-replay.ts';
import { collectInto } from './run.ts';
import { collectorSections } from './sources.ts';

const telemetry = createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) });
const settings = loadConfig({}, collectorSections);

const conversation = python(`
client, server = pair()
client.send(b'GET /shop HTTP/1.1\\r\\nAuthorization: Bearer tiger\\r\\nHost: a\\r\\n\\r\\n'); server.recv(1000)
server.send(b'HTTP/1.1 200 OK\\r\\nSet-Cookie: session=tiger\\r\\nContent-Length: 0\\r\\n\\r\\n'); client.recv(1000)
time.sleep(0.3); os._exit(0)`);

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const batchesOf = (messages: readonly OutgoingMessage[]): EventBatch[] =>
  messages
    .filter(({ topic }) => topic === 'events')
    .map(({ value }) => readEventBatch(new AvroReader(value as Buffer)));
const resourcesOf = (messages: readonly OutgoingMessage[]): Resource[] =>
  messages
    .filter(({ topic }) => topic === 'agent-resources')
    .map(({ value }) => readResource(new AvroReader(value as Buffer)));

describe.skipIf(!canCapture())('the collector', () => {
  let directory = '';
  beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'spanloom-collector-'))));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  async function capture(work: () => Promise<void>): Promise<OutgoingMessage[]> {
    const messages: OutgoingMessage[] = [];
    const output = { send: (more: readonly OutgoingMessage[]) => Promise.resolve(void messages.push(...more)) };
    const controller = new AbortController();
    const running = collectInto({ settings, dataDirectory: directory, telemetry, signal: controller.signal }, output);
    // Whatever the work comes to, a failure of the capture is the better message.
    await Promise.race([running, sleep(300).then(work)]);
    await sleep(200);
    controller.abort();
    await running;
    return messages;
  }

  it('sends batches without gaps, with facts of the processes in them, and no secrets', async () => {
    let processId = 0;
    const messages = await capture(async () => {
      const script = join(directory, 'shop.py');
      writeFileSync(script, conversation[2]!);
      ({ processId } = await finish(conversation[0], script));
      await sleep(1_200);
    });
    const batches = batchesOf(messages);
    expect(batches.map(({ sequence }) => sequence)).toEqual(batches.map((_, index) => index + 1));
    const { agentId } = batches[0]!;
    expect(new Set(messages.filter(({ topic }) => topic === 'events').map(({ key }) => key))).toEqual(
      new Set([String(agentId)]),
    );

    const events = batches.flatMap((batch) => batch.events).filter((event) => event.processId === processId);
    const payload = events.map((event) => Buffer.from(event.payload).toString('latin1')).join('');
    expect(payload).toContain('GET /shop HTTP/1.1\r\nAuthorization: ************\r\nHost: a');
    expect(payload).toContain('Set-Cookie: *************\r\n');
    expect(payload).not.toContain('tiger');

    const facts = batches.flatMap((batch) => batch.processes).find((process) => process.processId === processId)!;
    expect(facts).toMatchObject({ serviceName: 'shop', containerId: '', podUid: '' });
    const withFacts = batches.findIndex(({ processes }) =>
      processes.some((process) => process.processId === processId),
    );
    const withEvents = batches.findIndex((batch) => batch.events.some((event) => event.processId === processId));
    expect(withFacts).toBeLessThanOrEqual(withEvents);
    const ageMs = Date.now() - Number(facts.startTimeNs / 1_000_000n);
    expect(ageMs).toBeGreaterThan(0);
    expect(ageMs).toBeLessThan(60_000);

    const resources = resourcesOf(messages);
    expect(resources[0]).toMatchObject({ kind: 'host', id: facts.hostResourceId });
    expect(resources.find(({ id, kind }) => kind === 'process' && id === facts.resourceId)).toMatchObject({
      name: 'shop',
      parents: [{ kind: 'host', id: facts.hostResourceId }],
    });
    // This process captures: nothing of it is in there.
    expect(batches.flatMap((batch) => batch.events).some((event) => event.processId === process.pid)).toBe(false);
  });

  it('tells of its progress at least every second when nothing happens, in times that only grow', async () => {
    const batches = batchesOf(await capture(() => sleep(2_500)));
    const times = batches.map(({ baseTimeNs, untilOffsetNs }) => baseTimeNs + BigInt(untilOffsetNs));
    for (let index = 1; index < times.length; index++) {
      const elapsedNs = Number(times[index]! - times[index - 1]!);
      expect(elapsedNs).toBeGreaterThanOrEqual(0);
      expect(elapsedNs).toBeLessThan(1_500e6);
    }
    expect(Math.abs(Number(times.at(-1)! / 1_000_000n) - Date.now())).toBeLessThan(2_000);
  });

  const converse = async (): Promise<void> => {
    await finish(...conversation);
  };

  it('is the same agent in every run, and its event ids go on', async () => {
    const first = batchesOf(await capture(converse));
    const second = batchesOf(await capture(converse));
    expect(second[0]!.agentId).toBe(first[0]!.agentId);
    const ids = (batches: readonly EventBatch[]): number[] =>
      batches.flatMap((batch) => batch.events.map((event) => event.id));
    expect(Math.min(...ids(second))).toBeGreaterThan(Math.max(...ids(first)));
  });

  it('records into a file, from which a replay sends the same events', async () => {
    const path = join(directory, 'recording.avro');
    const controller = new AbortController();
    const recording = runRecording({ path, settings, dataDirectory: directory, telemetry, signal: controller.signal });
    await sleep(300);
    const { processId } = await finish(...conversation);
    await sleep(200);
    controller.abort();
    const { batches, bytes } = await recording;
    expect(readFileSync(path)).toHaveLength(bytes);
    const messages: OutgoingMessage[] = [];
    const output = { send: (more: readonly OutgoingMessage[]) => Promise.resolve(void messages.push(...more)) };
    await runReplay({ path, output, speed: 'max', signal: new AbortController().signal });
    expect(batchesOf(messages)).toHaveLength(batches);
    const kinds = batchesOf(messages)
      .flatMap((batch) => batch.events)
      .filter((event) => event.processId === processId)
      .map((event) => event.kind);
    expect(kinds.filter((kind) => kind === 'data').length).toBeGreaterThanOrEqual(4);
  });

  it('refuses a pattern that is not valid, naming it', async () => {
    const wrong = { ...settings, capture: { ...settings.capture, redactPatterns: 'fine (unclosed' } };
    const { signal } = new AbortController();
    const output = { send: () => Promise.resolve() };
    await expect(
      collectInto({ settings: wrong, dataDirectory: directory, telemetry, signal }, output),
    ).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining("'(unclosed'") as string,
    });
  });
});
