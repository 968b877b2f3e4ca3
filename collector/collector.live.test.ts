/** The collector on the running kernel: what it sends of a small client and server, and what a recording of it holds. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** Waits as long as the test may: a machine may be busy. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
const batchesOf = (messages: readonly OutgoingMessage[]): EventBatch[] =>
  messages
    .filter(({ topic }) => topic === 'events')
    .map(({ value }) => readEventBatch(new AvroReader(value as Buffer)));
const dataOf = (messages: readonly OutgoingMessage[], processId: number): readonly unknown[] =>
  batchesOf(messages)
    .flatMap(({ events }) => events)
    .filter((event) => event.processId === processId && event.kind === 'data');
const hasFacts = ({ processes }: EventBatch, processId: number): boolean =>
  processes.some((process) => process.processId === processId);
const resourcesOf = (messages: readonly OutgoingMessage[]): Resource[] =>
  messages
    .filter(({ topic }) => topic === 'agent-resources')
    .map(({ value }) => readResource(new AvroReader(value as Buffer)));

describe.skipIf(!canCapture())('the collector', () => {
  let directory = '';
  beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'spanloom-collector-'))));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** Captures from the first batch on until the work is done and what it waits for has been sent. */
  async function capture(work: (messages: readonly OutgoingMessage[]) => Promise<void>): Promise<OutgoingMessage[]> {
    const messages: OutgoingMessage[] = [];
    const output = { send: (more: readonly OutgoingMessage[]) => Promise.resolve(void messages.push(...more)) };
    const controller = new AbortController();
    const running = collectInto({ settings, dataDirectory: directory, telemetry, signal: controller.signal }, output);
    const worked = until(() => batchesOf(messages).length > 0).then(() => work(messages));
    // Whatever the work comes to, a failure of the capture is the better message.
    await Promise.race([running, worked]);
    controller.abort();
    await running;
    return messages;
  }

  it('sends batches without gaps, with facts of the processes in them, and no secrets', async () => {
    let processId = 0;
    const messages = await capture(async (sent) => {
      const script = join(directory, 'shop.py');
      writeFileSync(script, conversation[2]!);
      ({ processId } = await finish(conversation[0], script));
      await until(
        () => dataOf(sent, processId).length >= 4 && batchesOf(sent).some((batch) => hasFacts(batch, processId)),
      );
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
    const withFacts = batches.findIndex((batch) => hasFacts(batch, processId));
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

  it('tells of its progress when nothing happens, in times that only grow', async () => {
    const startedAtMs = Date.now();
    const batches = batchesOf(await capture((sent) => until(() => batchesOf(sent).length >= 4)));
    const times = batches.map(({ baseTimeNs, untilOffsetNs }) => baseTimeNs + BigInt(untilOffsetNs));
    for (let index = 1; index < times.length; index++) expect(times[index]! >= times[index - 1]!).toBe(true);
    const lastMs = Number(times.at(-1)! / 1_000_000n);
    expect(lastMs).toBeGreaterThan(startedAtMs);
    expect(lastMs).toBeLessThanOrEqual(Date.now());
  });

  const converse = async (sent: readonly OutgoingMessage[]): Promise<void> => {
    const { processId } = await finish(...conversation);
    await until(() => dataOf(sent, processId).length >= 4);
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
    // The first batch makes the file.
    await Promise.race([recording, until(() => existsSync(path))]);
    const { processId } = await finish(...conversation);
    // What was captured is written out when the recording ends.
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
