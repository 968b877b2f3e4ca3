/** A recording into Kafka, and a span of time from there into a second run, which does not disturb the first. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TraceCollection } from '../../cli/trace-collection.ts';
import { loadSettings } from '../../cli/settings.ts';
import { RecordingReader } from '../../collector/replay/recording-reader.ts';
import type { ReceivedMessage } from '../../core/bus/bus.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { findRange, readRanges, type TimeRange } from '../../core/bus/kafka/read-range.ts';
import { projectFile } from '../../core/project-files.ts';
import { createLogger } from '../../core/telemetry/logger.ts';
import { createTelemetry } from '../../core/telemetry/telemetry.ts';
import { compactedTopics, topics, type Topic } from '../../core/topics.ts';
import { runCorrelator } from '../../correlator/run.ts';
import { runEnricher } from '../../enricher/run.ts';
import { pcap } from '../../native/packets/testing/capture-builder.ts';
import { handshake, packet } from '../../native/packets/testing/connection.ts';
import { flags } from '../../native/packets/testing/packets.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { readEventBatch } from '../../schemas/generated/event-batch.ts';
import { readFlowBatch } from '../../schemas/generated/flow-batch.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { spanloom, startSpanloom, untilSays } from '../e2e/spanloom.ts';
import { brokerForTests } from './test-broker.ts';

const recording = projectFile('demo', 'recording.avro');
const settings = loadSettings({});
const { signal } = new AbortController();
/** The recording is 19 s long. */
const speed = 4;
const nsPerMs = 1_000_000n;

brokerForTests('replay', (broker) => {
  const first = `first-${randomUUID()}.`;
  const second = `second-${randomUUID()}.`;
  const dataDirectory = mkdtempSync(join(tmpdir(), 'spanloom-replay-'));
  let admin: Admin;
  /** The key that the recording was signed with. */
  let trusted = '';

  const options = (prefix: string): { brokers: readonly string[]; prefix: string; heartbeatEveryMs: number } => ({
    ...{ brokers: broker().brokers, prefix },
    heartbeatEveryMs: 200,
  });
  const environment = (): Readonly<Record<string, string>> => ({
    SPANLOOM_BUS_KAFKA_BROKERS: broker().brokers.join(','),
    SPANLOOM_BUS_KAFKA_PREFIX: first,
    SPANLOOM_BUS_PARTITIONS: '3',
    SPANLOOM_DATA_DIR: dataDirectory,
  });
  const command = (...args: readonly string[]): ReturnType<typeof spanloom> => spanloom(args, environment());

  beforeAll(async () => {
    admin = new kafkajs.Kafka({ brokers: [...broker().brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
  });
  afterAll(async () => {
    await admin.disconnect();
    rmSync(dataDirectory, { recursive: true, force: true });
  });

  async function makeTopics(prefix: string): Promise<void> {
    const bus = openKafkaBus(options(prefix));
    await bus.ensureTopics(topics.map((name) => ({ name, partitions: 3, compacted: compactedTopics.includes(name) })));
    await bus.close();
  }

  async function messagesOf(prefix: string, topic: Topic, time?: TimeRange): Promise<readonly ReceivedMessage[]> {
    const messages: ReceivedMessage[] = [];
    const ranges = await findRange(options(prefix), topic, time);
    for await (const message of readRanges(options(prefix), ranges, signal)) messages.push(message);
    return messages;
  }

  /** Lets enricher and correlator work off what is there, and collects what they make. */
  async function run(prefix: string): Promise<readonly Trace[]> {
    const bus = openKafkaBus(options(prefix));
    const telemetry = createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) });
    try {
      await runEnricher({
        config: settings.enricher,
        signatures: { isRequired: true, trustedKeys: [trusted] },
        bus,
        telemetry,
        signal,
        untilEnd: true,
      });
      await runCorrelator({ config: settings.correlator, bus, telemetry, signal, untilEnd: true });
    } finally {
      await bus.close();
    }
    const collection = new TraceCollection();
    for (const message of await messagesOf(prefix, 'traces')) collection.add(message);
    return collection.traces;
  }

  /** Everything the broker knows of the first run. */
  async function stateOf(prefix: string): Promise<unknown> {
    const groups = (await admin.listGroups()).groups
      .map(({ groupId }) => groupId)
      .filter((id) => id.startsWith(prefix));
    const positions = await Promise.all(
      groups.sort().map(async (groupId) => ({ groupId, positions: await admin.fetchOffsets({ groupId }) })),
    );
    const logs = await Promise.all(
      topics.map(async (topic) => ({
        topic,
        offsets: (await admin.fetchTopicOffsets(prefix + topic)).sort((a, b) => a.partition - b.partition),
        messages: (await messagesOf(prefix, topic)).map(({ offset, timestampMs, key, value, headers }) => ({
          ...{ offset, timestampMs, key, headers },
          value: value.toString('base64'),
        })),
      })),
    );
    return { groups, positions, logs };
  }

  it('says which topics are missing and how they are made, before anything is sent', async () => {
    const { code, errors } = await command('replay', recording, '--into-kafka');
    expect(code).toBe(1);
    expect(errors).toBe(
      `spanloom: The topics ${first}events, ${first}agent-resources do not exist on Kafka at ${broker().brokers.join(', ')}: ` +
        `SPANLOOM_BUS_KAFKA_PREFIX=${first} spanloom topics apply creates them.\n`,
    );
  });

  it('refuses what makes no sense', async () => {
    const range = ['replay-range', '--target-prefix', first, '--from', '2h', '--to', 'now'];
    expect(await command(...range)).toMatchObject({ code: 2 });
    expect((await command('replay-range', '--target-prefix', 'x.', '--from', 'now', '--to', '2h')).errors).toContain(
      '--from must be before --to',
    );
    expect((await command('replay-range', '--target-prefix', 'x.', '--from', 'soon', '--to', '2h')).errors).toContain(
      'It must be a time such as',
    );
    expect((await command('replay', recording, '--into-kafka', '--json', 'x.json')).code).toBe(2);
  });

  describe('a capture file in Kafka', () => {
    const request = 'GET /reviews/7 HTTP/1.1\r\nHost: shop\r\n\r\n';
    const response = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer';
    const file = pcap([
      ...handshake,
      packet(20, 'C', flags.ack | flags.push, request),
      packet(30, 'S', flags.ack | flags.push, response, { acks: request.length }),
    ]);
    const sent = /^Sent [1-9]\d* messages? of events to .*\nStages take them where .* has ([\w-]+)\n$/;

    it('becomes traces and flows there, again under the same ids', async () => {
      const prefix = `capture-${randomUUID()}.`;
      await makeTopics(prefix);
      const path = join(dataDirectory, 'shop.pcap');
      writeFileSync(path, file);
      const { code, output } = await command('replay', path, '--into-kafka', '--target-prefix', prefix);
      expect(code).toBe(0);
      expect(output).toMatch(sent);
      trusted = sent.exec(output)![1]!;
      const traces = await run(prefix);
      expect(traces.map(({ spans }) => spans.map(({ requestResource }) => requestResource))).toEqual([['/reviews/7']]);
      const flows = await messagesOf(prefix, 'flows');
      expect(flows.flatMap(({ value }) => readFlowBatch(new AvroReader(value)).flows)).toMatchObject([
        { metrics: { isOpened: true, client: { packets: 3 }, server: { packets: 2 } } },
      ]);
      expect(await messagesOf(prefix, 'dead-letter')).toEqual([]);
      const batches = async (): Promise<readonly string[]> =>
        (await messagesOf(prefix, 'events')).map(({ value }) => value.toString('base64'));
      const before = await batches();
      await command('replay', path, '--into-kafka', '--target-prefix', prefix);
      expect(await batches()).toEqual([...before, ...before]);
    });

    it('goes there while it is still written, until a signal ends it in order', async () => {
      const prefix = `followed-${randomUUID()}.`;
      await makeTopics(prefix);
      const args = ['replay', '-', '--follow', '--into-kafka', '--target-prefix', prefix];
      const running = startSpanloom(args, environment(), [], 'pipe');
      running.child.stdin!.write(file);
      while ((await messagesOf(prefix, 'events')).length === 0) await sleep(50);
      // Of the next record only a part is there.
      running.child.stdin!.write(file.subarray(24, 40));
      running.child.kill('SIGINT');
      expect(await running.ended).toBe(0);
      expect(running.output()).toMatch(sent);
    });

    it('that does not reach it whole is not said to go on from standard input that is over', async () => {
      const prefix = `cut-${randomUUID()}.`;
      await makeTopics(prefix);
      const args = ['replay', '-', '--into-kafka', '--target-prefix', prefix];
      const running = startSpanloom(args, environment(), [], 'pipe');
      running.child.stdin!.write(file);
      await untilSays(running, /^sending/m);
      running.child.kill('SIGINT');
      expect(await running.ended).toBe(130);
      expect(running.errors()).toMatch(/Given the same input again, the same command with --skip \d+ goes on\./);
    });
  });

  describe('a recording in Kafka', () => {
    let traces: readonly Trace[];

    beforeAll(async () => {
      await makeTopics(first);
      await makeTopics(second);
      const { code, output, errors } = await command('replay', recording, '--into-kafka', '--speed', String(speed));
      expect({ code, errors: errors.replace(/^sending .*\n/gm, '') }).toEqual({ code: 0, errors: '' });
      expect(output).toMatch(
        new RegExp(
          `^Sent [1-9]\\d* messages of agent-resources and [1-9]\\d+ of events to ${first}\\*\\.\nStages take them where SPANLOOM_AGENTS_TRUSTED_KEYS has ([\\w-]+)\n$`,
        ),
      );
      trusted = output.trim().split(' ').at(-1)!;
      traces = await run(first);
    });

    it('has every batch, byte by byte and in order, and makes traces', async () => {
      const reader = await RecordingReader.open(recording);
      const recorded: string[] = [];
      for await (const { value } of reader.batches()) recorded.push(value.toString('base64'));
      await reader.close();
      const sent = await messagesOf(first, 'events');
      expect(sent.map(({ value }) => value.toString('base64'))).toEqual(recorded);
      expect(traces.length).toBeGreaterThan(200);
    });

    it('goes into a second run by time, with the same traces, and the first run is as it was', async () => {
      const events = await messagesOf(first, 'events');
      const [begin, end] = [events[0]!.timestampMs, events.at(-1)!.timestampMs];
      const time = { fromMs: begin + Math.round((end - begin) * 0.03), toMs: begin + Math.round((end - begin) * 0.97) };
      const before = await stateOf(first);

      const { code, output, errors } = await command(
        ...['replay-range', '--target-prefix', second],
        ...['--from', new Date(time.fromMs).toISOString(), '--to', new Date(time.toMs).toISOString()],
      );
      expect({ code, errors }).toEqual({ code: 0, errors: '' });
      const inRange = events.filter(({ timestampMs }) => timestampMs >= time.fromMs && timestampMs < time.toMs);
      expect(inRange.length).toBeGreaterThan(50);
      expect(output).toContain(` and ${inRange.length} of events to ${second}*.`);
      const copied = await messagesOf(second, 'events');
      const facts = ({ key, value, headers }: ReceivedMessage): unknown => [key, value.toString('base64'), headers];
      expect(copied.map(facts)).toEqual(inRange.map(facts));
      // Sent at once, they have one time: only the order within a partition is left.
      const byKey = (messages: readonly ReceivedMessage[]): readonly unknown[] =>
        messages.toSorted((left, right) => (left.key < right.key ? -1 : 1)).map(facts);
      const hosts = await messagesOf(first, 'agent-resources');
      expect(hosts.length).toBeGreaterThan(5);
      expect(byKey(await messagesOf(second, 'agent-resources'))).toEqual(byKey(hosts));

      const again = await run(second);
      expect(await stateOf(first)).toEqual(before);

      // Close to the ends of the range something may lie outside, and at the begin the enricher learns anew which
      // hypothesis holds for each process: in this recording for up to seven seconds.
      const baseNs = ({ value }: ReceivedMessage): bigint => readEventBatch(new AvroReader(value)).baseTimeNs;
      const fromNs = baseNs(inRange[0]!) + 8_000n * nsPerMs;
      const toNs = baseNs(inRange.at(-1)!) - 1_000n * nsPerMs;
      const within = (all: readonly Trace[]): readonly unknown[] =>
        all
          .filter(({ startTimeNs, durationNs }) => startTimeNs >= fromNs && startTimeNs + BigInt(durationNs) <= toNs)
          .map(({ traceId, spans }) => ({
            traceId,
            spans: spans.map(({ spanId, parentSpanId }) => `${spanId} < ${parentSpanId}`),
          }))
          .sort((left, right) => (left.traceId < right.traceId ? -1 : 1));
      expect(within(again).length).toBeGreaterThan(50);
      expect(within(again)).toEqual(within(traces));
    });
  });
});
