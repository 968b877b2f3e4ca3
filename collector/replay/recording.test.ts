/** Recordings: what is written is read, by us and by avsc, also when the file is damaged. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import avro from 'avsc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { encodeValue, schemaHeader } from '../../core/codec.ts';
import { hasCode, PipelineError } from '../../core/errors.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { readEventBatch, writeEventBatch, type EventBatch } from '../../schemas/generated/event-batch.ts';
import { readResource } from '../../schemas/generated/resource.ts';
import { schemas } from '../../schemas/generated/schemas.ts';
import { anEventBatch, aProcess } from '../../schemas/testing/an-event.ts';
import { avscType } from '../../schemas/testing/schema-values.ts';
import { eventBatchMessage } from '../capture/event-batch-message.ts';
import { hostResource, resourceMessage } from '../processes/resources.ts';
import { encodeBlock, encodeHeader } from '../record/container-file.ts';
import { RecordingWriter } from '../record/recording-writer.ts';
import { RecordingReader } from './recording-reader.ts';
import { runReplay, type ReplayProgress } from './run-replay.ts';

const agentId = 0xabcdef;
const host = { agentId, resourceId: 77, hostName: 'host-a', bootTimeNs: 5n, addresses: [Buffer.from([10, 0, 0, 1])] };

function batch(sequence: number): EventBatch {
  return anEventBatch({
    agentId,
    hostName: 'host-a',
    sequence,
    baseTimeNs: 1_763_800_000_000_000_000n + BigInt(sequence) * 100_000_000n,
    baseMonotonicNs: 1_000_000 * sequence,
    losses: sequence === 2 ? [{ reason: 'ring_full', count: 3 }] : [],
    processes: [aProcess({ processId: 4, startTimeNs: 9n, resourceId: 5, hostResourceId: 77 })],
  });
}
const values = [1, 2, 3, 4, 5].map((sequence) => encodeValue(batch(sequence), writeEventBatch));

let directory = '';
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'spanloom-recording-'))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Two batches in the first block, a block each for the others. */
async function record(name: string, codec: 'null' | 'deflate'): Promise<string> {
  const path = join(directory, name);
  const writer = await RecordingWriter.create(path, { codec, flushIntervalMs: 3_600_000 });
  await writer.send([
    resourceMessage(hostResource(host)),
    ...values.slice(0, 2).map((value) => eventBatchMessage(agentId, value)),
  ]);
  await writer.close();
  const marker = readFileSync(path).subarray(-16);
  const compress = codec === 'null' ? (data: Buffer) => data : (await import('node:zlib')).deflateRawSync;
  const blocks = values.slice(2).map((value) => encodeBlock(1, compress(value), marker));
  writeFileSync(path, Buffer.concat([readFileSync(path), ...blocks]));
  return path;
}

interface ReadResult {
  readonly values: readonly Buffer[];
  readonly error: unknown;
}

async function readAll(path: string): Promise<ReadResult> {
  const found: Buffer[] = [];
  try {
    const reader = await RecordingReader.open(path);
    try {
      for await (const { value } of reader.batches()) found.push(Buffer.from(value));
    } finally {
      await reader.close();
    }
    return { values: found, error: undefined };
  } catch (error) {
    return { values: found, error };
  }
}

describe.each(['null', 'deflate'] as const)('a recording with codec %s', (codec) => {
  it('gives back every batch, byte by byte', async () => {
    expect(await readAll(await record('whole', codec))).toEqual({ values, error: undefined });
  });

  it('is an Avro container file that avsc reads', async () => {
    const path = await record('for-avsc', codec);
    const sequences: unknown[] = [];
    const parseHook = (): avro.Type => avscType(JSON.parse(schemas.EventBatch.text));
    await new Promise<void>((resolve, reject) => {
      avro
        .createFileDecoder(path, { parseHook })
        .on('data', (value: { sequence: bigint }) => sequences.push(Number(value.sequence)))
        .on('end', resolve)
        .on('error', reject);
    });
    expect(sequences).toEqual([1, 2, 3, 4, 5]);
  });

  it('cut at any byte yields what is whole before the cut, then an error that names the file and the position', async () => {
    const path = await record('to-cut', codec);
    const bytes = readFileSync(path);
    const headerBytes = bytes.indexOf(bytes.subarray(-16)) + 16;
    const cut = join(directory, 'cut');
    let best = 0;
    // The header is long and mostly one text: there a few places stand for all.
    for (let length = 0; length < bytes.length; length += length < headerBytes - 40 && length > 20 ? 13 : 1) {
      writeFileSync(cut, bytes.subarray(0, length));
      const result = await readAll(cut);
      expect(result.values).toEqual(values.slice(0, result.values.length));
      expect(result.values.length).toBeGreaterThanOrEqual(best);
      best = result.values.length;
      if (result.error === undefined) continue;
      expect(hasCode(result.error, 'FILE_CORRUPT')).toBe(true);
      const position = Number(/ is damaged at byte (\d+): /.exec((result.error as Error).message)?.[1]);
      if (length >= headerBytes) expect(position).toBe(length);
      else if (length >= 4) expect(position).toBeLessThanOrEqual(length);
      else expect((result.error as Error).message).toContain(' is no recording: ');
      expect((result.error as Error).message).toContain(cut);
    }
    expect(best).toBe(5);
  });

  it('goes on behind a corrupt marker and tells of it at the end', async () => {
    const path = await record('marker', codec);
    const bytes = readFileSync(path);
    const marker = bytes.subarray(-16);
    // Markers: the header's, then one a block.
    const first = bytes.indexOf(marker);
    const second = bytes.indexOf(marker, first + 16);
    bytes.writeUInt8(bytes[second + 3]! ^ 0xff, second + 3);
    writeFileSync(path, bytes);
    const { values: found, error } = await readAll(path);
    expect(found).toEqual(values);
    expect((error as Error).message).toBe(
      `${path} is damaged at byte ${second}: a block does not end where it should.`,
    );
  });

  it('with any byte changed never makes the reader hang or fail otherwise', async () => {
    const bytes = readFileSync(await record('to-damage', codec));
    const headerBytes = bytes.indexOf(bytes.subarray(-16)) + 16;
    const damaged = join(directory, 'damaged');
    for (let place = 0; place < bytes.length; place += place < headerBytes - 40 && place > 20 ? 13 : 1) {
      const copy = Buffer.from(bytes);
      copy[place] = copy[place]! ^ 0x55;
      writeFileSync(damaged, copy);
      const { error } = await readAll(damaged);
      if (error !== undefined && !hasCode(error, 'FILE_CORRUPT')) throw error as Error;
    }
  });
});

describe('a recording that ends badly', () => {
  it('is readable up to its last block when its process is killed', async () => {
    const path = join(directory, 'killed');
    const writerModule = new URL('../record/recording-writer.ts', import.meta.url).href;
    const script = `
      const { RecordingWriter } = await import(${JSON.stringify(writerModule)});
      const writer = await RecordingWriter.create(${JSON.stringify(path)}, { codec: 'deflate', flushIntervalMs: 20 });
      const value = Buffer.from('${values[0]!.toString('hex')}', 'hex');
      for (;;) {
        await writer.send([{ topic: 'events', key: 'a', value }]);
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (writer.batches === 100) console.log('running');
      }`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    const result = await readAll(path);
    expect(result.values.length).toBeGreaterThan(20);
    expect(result.values.every((value) => value.equals(values[0]!))).toBe(true);
    expect(result.error === undefined || hasCode(result.error, 'FILE_CORRUPT')).toBe(true);
  });

  it('says so when the disk is full', async () => {
    const writer = await RecordingWriter.create('/dev/full', { codec: 'null' });
    await expect(writer.send([eventBatchMessage(agentId, values[0]!)])).rejects.toMatchObject({ code: 'BUS_FULL' });
    await expect(writer.close()).rejects.toMatchObject({ code: 'BUS_FULL' });
  });
});

describe('a recording without a batch', () => {
  it('is none: what was there before stays', async () => {
    const path = await record('kept', 'null');
    const before = readFileSync(path);
    for (const name of [path, join(directory, 'never')]) {
      const writer = await RecordingWriter.create(name, { codec: 'null' });
      await writer.send([resourceMessage(hostResource(host))]);
      await writer.close();
    }
    expect(readFileSync(path)).toEqual(before);
    expect(existsSync(join(directory, 'never'))).toBe(false);
  });
});

describe('files that are no recording', () => {
  it('are refused with a sentence', async () => {
    const path = join(directory, 'other');
    writeFileSync(path, 'hello');
    const refused = (why: string): PipelineError => new PipelineError('FILE_UNUSABLE', why);
    const corrupt = (why: string): PipelineError => new PipelineError('FILE_CORRUPT', why);
    expect((await readAll(path)).error).toEqual(corrupt(`${path} is no recording: it is not an Avro container file.`));
    writeFileSync(path, '');
    expect((await readAll(path)).error).toEqual(corrupt(`${path} is no recording: it is empty.`));
    const metadata = { 'avro.schema': Buffer.from('"string"'), 'avro.codec': Buffer.from('null') };
    writeFileSync(path, encodeHeader({ metadata, marker: Buffer.alloc(16) }));
    expect((await readAll(path)).error).toMatchObject({ code: 'FILE_CORRUPT' });
    const missing = join(directory, 'missing');
    expect((await readAll(missing)).error).toMatchObject({ message: `${missing} does not exist.` });
    expect((await readAll(directory)).error).toEqual(refused(`${directory} is a folder, not a file.`));
    expect((await readAll('/dev/null')).error).toEqual(refused('/dev/null is a pipe or a device, not a file.'));
  });
});

describe('a recording whose schema was made to do harm', () => {
  const marker = Buffer.alloc(16, 7);
  const field = (type: unknown): object => ({ name: 'EventBatch', type: 'record', fields: [{ name: 'a', type }] });
  const levels = 80_000;
  /** Each record holds the one before twice: 2^30 values in a few hundred bytes. */
  const doubling = Array.from({ length: 30 }, (_, level) => level).reduce<unknown>(
    (inner, level) => ({
      ...{ type: 'record', name: `r${level}` },
      fields: [
        { name: 'a', type: inner },
        { name: 'b', type: level === 0 ? 'null' : `r${level - 1}` },
      ],
    }),
    'null',
  );

  it.each([
    ['is nested deeply', `{"name":"EventBatch","type":${'{"type":'.repeat(levels)}"int"${'}'.repeat(levels + 1)}`],
    ['contains itself', JSON.stringify(field('EventBatch'))],
    ['has values without bytes', JSON.stringify({ name: 'EventBatch', type: 'record', fields: [] })],
    ['doubles at each level', JSON.stringify(field(doubling))],
    ['is none', '{"name":"EventBatch","type":null}'],
  ])('%s is refused with a sentence', async (_name, schema) => {
    const path = join(directory, 'harmful');
    const metadata = { 'avro.schema': Buffer.from(schema), 'avro.codec': Buffer.from('null') };
    const block = encodeBlock(1e12, Buffer.alloc(100), marker);
    writeFileSync(path, Buffer.concat([encodeHeader({ metadata, marker }), block]));
    const { values: found, error } = await readAll(path);
    expect(found).toEqual([]);
    expect(hasCode(error, 'FILE_CORRUPT')).toBe(true);
    expect((error as Error).message).toMatch(/ is no recording: it holds no event batches \((?!Maximum)/);
  });

  it('has arrays of items without bytes, which cost nothing, and is damaged behind them', async () => {
    const path = join(directory, 'nothing');
    const schema = JSON.stringify(field({ type: 'array', items: 'null' }));
    const metadata = { 'avro.schema': Buffer.from(schema), 'avro.codec': Buffer.from('null') };
    // One array of 10^9 nulls, and the end of its blocks.
    const block = encodeBlock(2, Buffer.from('80a8d6b90700', 'hex'), marker);
    writeFileSync(path, Buffer.concat([encodeHeader({ metadata, marker }), block]));
    const { values: found, error } = await readAll(path);
    expect(found.length).toBe(1);
    expect((error as Error).message).toContain('a block holds something else than event batches');
  });

  it('is refused where a block inflates to more than any of ours', async () => {
    const path = join(directory, 'bomb');
    const metadata = { 'avro.schema': Buffer.from(schemas.EventBatch.text), 'avro.codec': Buffer.from('deflate') };
    const bomb = deflateRawSync(Buffer.alloc(80 * 1024 * 1024));
    writeFileSync(path, Buffer.concat([encodeHeader({ metadata, marker }), encodeBlock(1, bomb, marker)]));
    const { values: found, error } = await readAll(path);
    expect(found).toEqual([]);
    expect((error as Error).message).toContain('a block cannot be decompressed');
  });
});

describe('replay', () => {
  async function replay(path: string, speed: number | 'max', skipBatches = 0): Promise<OutgoingMessage[]> {
    const messages: OutgoingMessage[] = [];
    const output = { send: (more: readonly OutgoingMessage[]) => Promise.resolve(void messages.push(...more)) };
    await runReplay({ path, output, speed, skipBatches, signal: new AbortController().signal });
    return messages;
  }

  it('sends the batches unchanged under their agent, behind the resources that follow from them, each once', async () => {
    const messages = await replay(await record('replay', 'deflate'), 'max');
    expect(messages.map(({ topic, key }) => `${topic} ${key}`)).toEqual([
      expect.stringMatching(/^agent-resources host:000000abcdef@\d+$/) as string,
      expect.stringMatching(/^agent-resources process:000000abcdef\/4\/9@\d+$/) as string,
      ...values.map(() => `events ${agentId}`),
    ]);
    expect(messages.slice(2).map(({ value }) => value)).toEqual(values);
    expect(messages.map(({ headers }) => headers![schemaHeader])).toEqual([
      schemas.Resource.fingerprint,
      schemas.Resource.fingerprint,
      ...values.map(() => schemas.EventBatch.fingerprint),
    ]);
    // Addresses cannot be derived: the recording carries them.
    expect(readResource(new AvroReader(Buffer.from(messages[0]!.value))).addresses).toEqual([
      Buffer.from([10, 0, 0, 1]),
    ]);
  });

  it('sends the same each time, and what is readable of a damaged file before it fails', async () => {
    const path = await record('twice', 'null');
    expect(await replay(path, 'max')).toEqual(await replay(path, 'max'));
    const cut = join(directory, 'replay-cut');
    const bytes = readFileSync(path);
    writeFileSync(cut, bytes.subarray(0, bytes.length - 20));
    const sent: OutgoingMessage[] = [];
    let last: ReplayProgress | undefined;
    const replaying = runReplay({
      path: cut,
      output: { send: (more) => Promise.resolve(void sent.push(...more)) },
      speed: 'max',
      signal: new AbortController().signal,
      onProgress: (progress) => (last = progress),
    });
    await expect(replaying).rejects.toThrow(`${cut} is damaged at byte ${bytes.length - 20}`);
    expect(sent.filter(({ topic }) => topic === 'events')).toHaveLength(4);
    expect(last).toEqual({ batches: 4, positionBytes: bytes.length - 20, sizeBytes: bytes.length - 20 });
  });

  it('goes on behind the batches that were sent before', async () => {
    const path = await record('skip', 'deflate');
    const all = await replay(path, 'max');
    expect(await replay(path, 'max', 2)).toEqual(all.slice(4));
    expect(await replay(path, 'max', 99)).toEqual([]);
  });

  it('keeps the recorded pace, divided by the speed', async () => {
    const path = await record('pace', 'null');
    const startedAt = performance.now();
    await replay(path, 4);
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(90);
    expect(tookMs).toBeLessThan(2_000);
  });

  it('stops when told to', async () => {
    const controller = new AbortController();
    const sent: OutgoingMessage[] = [];
    const replaying = runReplay({
      path: await record('stop', 'null'),
      output: { send: (more) => Promise.resolve(void sent.push(...more)) },
      speed: 0.001,
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(), 50);
    const { batches } = await replaying;
    expect(batches).toBeLessThan(5);
  });

  it('brings a recording of another version up to the current one', async () => {
    const schema = JSON.parse(schemas.EventBatch.text) as { fields: { name: string }[] };
    // As if host_name had been written last before the events, and under no name that is gone now.
    const older = { ...schema, fields: [...schema.fields] };
    const [name] = older.fields.splice(1, 1);
    older.fields.splice(older.fields.length - 1, 0, name!);
    const value = avscType(older).toBuffer({
      ...{ agent_id: 9n, host_name: 'old', sequence: 1n, base_time_ns: 8n, base_monotonic_ns: 7n, until_offset_ns: 6n },
      ...{ losses: [], processes: [], events: [] },
    });
    const path = join(directory, 'older');
    const metadata = { 'avro.schema': Buffer.from(JSON.stringify(older)), 'avro.codec': Buffer.from('null') };
    const marker = Buffer.alloc(16, 1);
    writeFileSync(path, Buffer.concat([encodeHeader({ metadata, marker }), encodeBlock(1, value, marker)]));
    const [message] = await replay(path, 'max');
    expect(readEventBatch(new AvroReader(Buffer.from(message!.value)))).toMatchObject({
      agentId: 9,
      hostName: 'old',
      baseTimeNs: 8n,
    });
    expect(message!.headers![schemaHeader]).toBe(schemas.EventBatch.fingerprint);
  });
});
