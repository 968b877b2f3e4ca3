/** Holds the C++ encoder to its reference, and the layout of bpf/event.h to what all three languages think it is. */
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AvroReader } from '../schemas/avro-reader.ts';
import { readSocketEvent } from '../schemas/generated/event-batch.ts';
import {
  decodeEvent,
  encodeEventsReference,
  eventBytes,
  eventOffsets,
  maxAnswersTo,
  maxWokenAfter,
  processNameBytes,
} from './testing/encode-reference.ts';
import { addonPath, capturePrograms, loadNative } from './load.ts';

const isBuilt = existsSync(addonPath) && existsSync(capturePrograms);
if (!isBuilt && process.env['TEST_REQUIRE_ALL'] === '1')
  throw new Error('run `npm run build:bpf` and `npm run build:native`');
if (!isBuilt) console.log('skipped: the native encoder has not been built (npm run build:bpf, npm run build:native)');

const safeLong = fc.bigInt({ min: 0n, max: (1n << 53n) - 1n });
/** A process can have anything where its runtime keeps them. */
const contextId = fc.oneof(safeLong, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }));
const unsigned = fc.integer({ min: 0, max: 0xffffffff });
const processId = fc.integer({ min: 0, max: 0x7fffffff });
const port = fc.integer({ min: 0, max: 0xffff });

interface AnyEvent {
  readonly longs: readonly bigint[];
  readonly contexts: readonly bigint[];
  readonly answersToCount: number;
  readonly wokenAfter: readonly bigint[];
  readonly wokenAfterCount: number;
  readonly threadId: number;
  readonly processId: number;
  readonly fileDescriptor: number;
  readonly words: readonly number[];
  readonly ports: readonly [number, number];
  readonly addresses: Uint8Array;
  readonly addressBytes: 4 | 16;
  readonly enums: readonly [number, number, number, number, number];
  readonly error: number;
  readonly name: Uint8Array;
  readonly payload: Uint8Array;
  readonly path: Uint8Array;
  readonly pathIsLocal: boolean;
}

const anyEvent: fc.Arbitrary<AnyEvent> = fc.record({
  longs: fc.array(safeLong, { minLength: 8, maxLength: 8 }),
  contexts: fc.array(contextId, { minLength: 2 + maxAnswersTo, maxLength: 2 + maxAnswersTo }),
  answersToCount: fc.nat(255),
  wokenAfter: fc.array(contextId, { minLength: maxWokenAfter, maxLength: maxWokenAfter }),
  wokenAfterCount: fc.nat(255),
  threadId: processId,
  processId,
  fileDescriptor: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  words: fc.array(unsigned, { minLength: 2, maxLength: 2 }),
  ports: fc.tuple(port, port),
  addresses: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  addressBytes: fc.constantFrom(4 as const, 16 as const),
  enums: fc.tuple(fc.nat(3), fc.nat(1), fc.nat(3), fc.nat(2), fc.nat(4)),
  error: fc.nat(4095),
  name: fc.uint8Array({ minLength: processNameBytes, maxLength: processNameBytes }),
  payload: fc.uint8Array({ maxLength: 4096 }),
  path: fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.stringMatching(/^[/a]{0,20}$/).map((text) => Buffer.from(`${text}\0`)),
  ),
  pathIsLocal: fc.boolean(),
});

function toRecord(event: AnyEvent): Buffer {
  const at = eventOffsets;
  const record = Buffer.alloc(eventBytes + event.payload.length + event.path.length);
  const longs = [at.id, at.timeNs, at.phase, at.after, at.connectId, at.messageId, at.length, at.socketId];
  longs.forEach((offset, index) => record.writeBigUInt64LE(event.longs[index]!, offset));
  event.contexts.forEach((id, index) => record.writeBigUInt64LE(id, at.contextId + index * 8));
  record[at.answersToCount] = event.answersToCount;
  event.wokenAfter.forEach((id, index) => record.writeBigUInt64LE(id, at.wokenAfter + index * 8));
  record[at.wokenAfterCount] = event.wokenAfterCount;
  record.writeUInt32LE(event.words[0]!, at.networkNamespace);
  record.writeUInt32LE(event.words[1]!, at.tcpSequence);
  record.writeUInt32LE(event.processId, at.processId);
  record.writeUInt32LE(event.threadId, at.threadId);
  record.writeInt32LE(event.fileDescriptor, at.fileDescriptor);
  record.writeUInt32LE(event.error, at.error);
  record.writeUInt16LE(event.ports[0], at.localPort);
  record.writeUInt16LE(event.ports[1], at.remotePort);
  record.set(event.addresses, at.localAddress);
  record[at.addressBytes] = event.addressBytes;
  [record[at.kind], record[at.direction], record[at.transport], record[at.role], record[at.contextKind]] = event.enums;
  record.set(event.name, at.processName);
  record.writeUInt16LE(event.payload.length, at.payloadLength);
  record.set(event.payload, eventBytes);
  record[at.pathLength] = event.path.length;
  record[at.pathIsLocal] = event.pathIsLocal ? 1 : 0;
  record.set(event.path, eventBytes + event.payload.length);
  return record;
}

describe.skipIf(!isBuilt)('the native encoder', () => {
  it('writes the same bytes as its reference, and the generated reader reads them back', () => {
    const addon = loadNative();
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 5 }), fc.nat({ max: 2 ** 50 }), (events, base) => {
        const records = events.map(toRecord);
        const encoded = addon.encodeEvents(Buffer.concat(records), base);
        expect(encoded.equals(encodeEventsReference(Buffer.concat(records), base))).toBe(true);

        const reader = new AvroReader(encoded);
        for (const record of records) expect(readSocketEvent(reader)).toEqual(decodeEvent(record, base));
        expect(reader.position).toBe(encoded.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('ignores a record that ends early', () => {
    const addon = loadNative();
    const record = Buffer.alloc(eventBytes);
    record.writeUInt16LE(100, eventOffsets.payloadLength);
    expect(addon.encodeEvents(record, 0)).toHaveLength(0);
    expect(addon.encodeEvents(record.subarray(1), 0)).toHaveLength(0);
  });
});

describe.skipIf(!isBuilt)('the layout of bpf/event.h', () => {
  it('is the same to the BPF compiler and to the C++ compiler', () => {
    const { compiled, object } = loadNative().layouts(capturePrograms);
    expect(Object.keys(object)).not.toHaveLength(0);
    expect(object).toEqual(compiled);
  });

  it('is what the reference reads', () => {
    const { compiled } = loadNative().layouts(capturePrograms);
    const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    for (const [name, offset] of Object.entries(eventOffsets)) {
      const field = snakeCase(name);
      const inSocket = compiled[`spanloom_socket.${field}`];
      const expected =
        inSocket === undefined ? compiled[`spanloom_event.${field}`] : compiled['spanloom_event.socket']! + inSocket;
      expect([name, offset]).toEqual([name, expected]);
    }
    expect(compiled['spanloom_event']).toBe(eventBytes);
  });
});
