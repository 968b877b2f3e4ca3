/** Capture files: what they hold becomes the batches of a collector, also where the file is cut or damaged. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { PipelineError } from '../../core/errors.ts';
import { pcap, PcapngBlocks } from '../../native/packets/testing/capture-builder.ts';
import { handshake, packet } from '../../native/packets/testing/connection.ts';
import { flags } from '../../native/packets/testing/packets.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { type EventBatch, readEventBatch } from '../../schemas/generated/event-batch.ts';
import { CaptureFile } from './capture-file.ts';
import { runReplay, type RunReplayOptions } from './run-replay.ts';

const { push, ack } = flags;
const request = 'GET /reviews/7 HTTP/1.1\r\nHost: shop\r\n\r\n';
const response = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer';
const records = [
  ...handshake,
  packet(20, 'C', ack | push, request),
  packet(30, 'S', ack | push, response, { acks: request.length }),
];
const file = pcap(records);
/** Where records end, which is where a cut shows nothing. */
const ends = records.map((_, count) => pcap(records.slice(0, count + 1)).length);

let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'spanloom-capture-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Replayed {
  readonly messages: readonly OutgoingMessage[];
  readonly batches: readonly EventBatch[];
  readonly error: PipelineError | undefined;
}

function write(bytes: Uint8Array, name = 'shop.pcap'): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function replayed(bytes: Uint8Array, options: Partial<RunReplayOptions> = {}): Promise<Replayed> {
  const messages: OutgoingMessage[] = [];
  let error: PipelineError | undefined;
  const output = {
    send(sent: readonly OutgoingMessage[]) {
      messages.push(...sent);
      return Promise.resolve();
    },
  };
  try {
    await runReplay({ path: write(bytes), output, speed: 'max', signal: new AbortController().signal, ...options });
  } catch (thrown) {
    if (!(thrown instanceof PipelineError)) throw thrown;
    error = thrown;
  }
  const batches = messages.map(({ value }) => readEventBatch(new AvroReader(Buffer.from(value))));
  return { messages, batches, error };
}

const payloads = ({ batches }: Replayed): readonly string[] =>
  batches.flatMap(({ segments }) => segments.map(({ payload }) => Buffer.from(payload).toString('latin1')));

describe('a capture file', () => {
  it('gives batches of packets of an agent of its own, the same whenever it is replayed', async () => {
    const first = await replayed(file);
    expect(first.error).toBeUndefined();
    expect(payloads(first)).toEqual([request, response]);
    const firstUs = 1_700_000_000_000_000;
    for (const [index, batch] of first.batches.entries())
      expect(batch).toMatchObject({
        hostName: 'shop.pcap',
        source: 'packets',
        sequence: index + 1,
        events: [],
        losses: [],
      });
    expect(first.batches.flatMap(({ segments }) => segments.map(({ id }) => id))).toEqual([
      2 ** 52 + firstUs,
      2 ** 52 + firstUs + 1,
    ]);
    expect(first.batches.flatMap(({ flows }) => flows)).toMatchObject([
      { flowId: firstUs, metrics: { isOpened: true, client: { packets: 3 }, server: { packets: 2 } } },
    ]);
    const [{ agentId, baseTimeNs, baseMonotonicNs } = first.batches[0]!] = first.batches;
    expect(agentId).toBeGreaterThan(0);
    expect(baseTimeNs - BigInt(baseMonotonicNs)).toBe(BigInt(firstUs) * 1000n);
    expect((await replayed(file)).messages).toEqual(first.messages);
  });

  it('is read the same where it is compressed', async () => {
    expect((await replayed(gzipSync(file))).messages).toEqual((await replayed(file)).messages);
  });

  it('has the names of its interfaces', async () => {
    const blocks = new PcapngBlocks();
    const bytes = Buffer.concat([
      ...[blocks.section(), blocks.interface(1), blocks.interface(1)],
      ...records.map((record) => blocks.enhanced(record.bytes, { number: 1, ticks: 1_700_000_000_000_000n })),
    ]);
    const { batches, error } = await replayed(bytes);
    expect(error).toBeUndefined();
    expect(batches[0]!.interfaces).toMatchObject([
      { index: 0, name: 'eth0', kind: 'other' },
      { index: 1, name: 'eth0', kind: 'other' },
    ]);
    expect(batches.flatMap(({ segments }) => segments.map(({ interfaceIndex }) => interfaceIndex))).toEqual([1, 1]);
  });

  it('ends where it is told to, as if there were no more', async () => {
    const { error, batches } = await replayed(file, { stop: AbortSignal.abort() });
    expect(batches).toEqual([]);
    expect(error?.message).toContain('is empty');
  });

  it('is not damaged where it is stopped within a record, but where it is not a capture any more', async () => {
    const cut = file.subarray(0, file.length - 1);
    const packets = async (bytes: Buffer, isStopped: boolean): Promise<number> => {
      async function* chunks(): AsyncGenerator<Buffer, void, undefined> {
        yield await Promise.resolve(bytes);
      }
      const input = { name: 'tcpdump', sizeBytes: undefined, magic: bytes.subarray(0, 4), positionBytes: 0, isStopped };
      const capture = new CaptureFile({ ...input, chunks, close: () => undefined }, {});
      const firstTimes: unknown[] = [];
      for await (const { firstTimeNs } of capture.chunks()) firstTimes.push(firstTimeNs);
      return capture.counts().frames['parsed']!;
    };
    expect(await packets(cut, true)).toBe(records.length - 1);
    await expect(packets(cut, false)).rejects.toThrow('tcpdump ends within a record');
    const longRecord = Buffer.concat([file, Buffer.alloc(16, 0xff)]);
    await expect(packets(longRecord, true)).rejects.toThrow('tcpdump has');
  });

  it('is not waited for any more when the replay is stopped', async () => {
    const { error, batches } = await replayed(file, { signal: AbortSignal.abort() });
    expect([error, batches]).toEqual([undefined, []]);
  });
});

describe('a capture file that is cut', () => {
  it('at any byte is used up to there, and the error says where', async () => {
    for (let length = 0; length < file.length; length++) {
      const { error, batches } = await replayed(file.subarray(0, length));
      const whole = ends.filter((end) => end <= length).length;
      const seen = batches.flatMap(({ flows }) =>
        flows.map(({ metrics }) => metrics.client.packets + metrics.server.packets),
      );
      expect(
        seen.reduce((sum, packets) => sum + packets, 0),
        `cut at ${length}`,
      ).toBe(whole);
      if (ends.includes(length) || length === 24) {
        expect(error, `cut at ${length}`).toBeUndefined();
        continue;
      }
      expect(error?.code, `cut at ${length}`).toBe('FILE_CORRUPT');
      expect(error!.message, `cut at ${length}`).toMatch(
        length === 0
          ? /shop\.pcap is empty\.$/
          : length < 4
            ? /shop\.pcap is neither a recording nor a capture file \(pcap or pcapng\)\.$/
            : /shop\.pcap ends within (a record|its header) at byte \d+\.$/,
      );
    }
  });

  it('in its compressed form is used as far as it can be read', async () => {
    const compressed = gzipSync(file);
    for (let length = 20; length < compressed.length - 8; length += 7) {
      const { error } = await replayed(compressed.subarray(0, length));
      expect(error === undefined || error.code === 'FILE_CORRUPT', `cut at ${length}`).toBe(true);
    }
    const damaged = Buffer.from(compressed);
    damaged.fill(0xff, 40, 60);
    expect((await replayed(damaged)).error?.message).toMatch(
      /shop\.pcap (cannot be read further than byte \d+: .*|is neither .*|has .*|ends .*)\.$/,
    );
  });

  it('or has other bytes anywhere never does anything but end with a sentence', async () => {
    for (let position = 0; position < file.length; position += 3) {
      const bytes = Buffer.from(file);
      bytes[position] = bytes[position]! ^ 0xff;
      const { error } = await replayed(bytes);
      expect(error === undefined || error.code === 'FILE_CORRUPT', `other at ${position}`).toBe(true);
    }
  });
});
