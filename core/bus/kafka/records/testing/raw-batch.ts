/** Record batches as no client of good will makes them. For tests. */
import { createRequire } from 'node:module';

const crc32c = createRequire(import.meta.url)('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Buffer) => number;

/** A number in zigzag. */
export function varint(value: number): Buffer {
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  const bytes: number[] = [];
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

const optional = (bytes: string | Buffer | null): Buffer =>
  bytes === null ? varint(-1) : Buffer.concat([varint(Buffer.byteLength(bytes)), Buffer.from(bytes)]);

/** Parts of a record; what is missing is empty. */
export interface RawRecord {
  readonly offsetDelta?: number;
  readonly key?: string | null;
  readonly value?: string | Buffer | null;
  readonly headers?: readonly (readonly [string, string | null])[];
  /** Stated instead of the true count. */
  readonly headerCount?: number;
}

/** One record. */
export function rawRecord({ offsetDelta = 0, key = 'k', value = 'v', headers = [], headerCount }: RawRecord): Buffer {
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(0),
    varint(offsetDelta),
    optional(key),
    optional(value),
    varint(headerCount ?? headers.length),
    ...headers.flatMap(([name, text]) => [optional(name), optional(text)]),
  ]);
  return Buffer.concat([varint(body.length), body]);
}

/** Parts of a batch. */
export interface RawBatch {
  readonly records: Buffer;
  readonly count?: number;
  readonly lastOffsetDelta?: number;
  readonly attributes?: number;
  readonly firstTimestamp?: bigint;
  readonly maxTimestamp?: bigint;
  readonly firstOffset?: bigint;
}

/** One batch, with the right checksum. */
export function rawBatch(parts: RawBatch): Buffer {
  const { records, count = 1, attributes = 0, firstOffset = 0n, firstTimestamp = BigInt(Date.now()) } = parts;
  const body = Buffer.alloc(40);
  body.writeInt16BE(attributes, 0);
  body.writeInt32BE(parts.lastOffsetDelta ?? count - 1, 2);
  body.writeBigInt64BE(firstTimestamp, 6);
  body.writeBigInt64BE(parts.maxTimestamp ?? firstTimestamp, 14);
  body.writeBigInt64BE(-1n, 22);
  body.writeInt16BE(-1, 30);
  body.writeInt32BE(-1, 32);
  body.writeInt32BE(count, 36);
  const checked = Buffer.concat([body, records]);
  const head = Buffer.alloc(21);
  head.writeBigInt64BE(firstOffset, 0);
  head.writeInt32BE(9 + checked.length, 8);
  head.writeInt32BE(-1, 12);
  head[16] = 2;
  head.writeUInt32BE(crc32c(checked) >>> 0, 17);
  return Buffer.concat([head, checked]);
}
