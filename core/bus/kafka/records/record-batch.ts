/**
 * One record batch of Kafka (message format v2) to its records. A producer fills it, and a broker stores what it says:
 * counts and lengths are checked against the bytes that are left, what it decompresses to and what its records take as
 * objects against a budget, before there is anything of it.
 *
 * https://kafka.apache.org/documentation/#recordbatch
 */
import { type Codec, codecs, TooLargeError } from './compression.ts';

/** Head of a batch, in front of its records. */
export const batchHeadBytes = 61;
/** Fewest bytes of a record: a byte for each of its seven parts. */
const shortestRecordBytes = 7;
/** What a record takes beside its bytes, as objects. */
const recordCost = 256;
const headerCost = 128;
/** Headers of one record; ours have five at most. */
const maxHeaders = 1_000;

const codecByNumber: readonly (Codec | 'none' | undefined)[] = [
  'none',
  codecs.gzip,
  undefined,
  codecs.lz4,
  codecs.zstd,
];
const codecNames: readonly string[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** A record as kafkajs takes it. */
export interface KafkaRecord {
  readonly magicByte: number;
  readonly attributes: number;
  readonly timestamp: string;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, Buffer | null | (Buffer | null)[]>;
  readonly isControlRecord: boolean;
  readonly batchContext: BatchContext;
}

/** What kafkajs wants to know of the batch of a record. */
export interface BatchContext {
  readonly firstOffset: string;
  readonly producerId: string;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
}

/** The header of a batch; its offsets are valid even if the rest is damaged. */
export interface BatchHead {
  readonly context: BatchContext;
  readonly firstOffset: bigint;
  readonly lastOffset: bigint;
  readonly attributes: number;
  readonly firstTimestamp: bigint;
  readonly maxTimestamp: bigint;
  readonly recordCount: number;
}

/** Bytes that are no batch. */
export class RecordBatchError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RecordBatchError';
  }
}

/** Reads the head. @param batch the whole batch, at least {@link batchHeadBytes} */
export function readBatchHead(batch: Buffer): BatchHead {
  const firstOffset = batch.readBigInt64BE(0);
  const attributes = batch.readInt16BE(21);
  const lastDelta = Math.max(0, batch.readInt32BE(23));
  return {
    context: {
      firstOffset: String(firstOffset),
      producerId: String(batch.readBigInt64BE(43)),
      inTransaction: (attributes & 0x10) !== 0,
      isControlBatch: (attributes & 0x20) !== 0,
    },
    firstOffset,
    lastOffset: firstOffset + BigInt(lastDelta),
    attributes,
    firstTimestamp: batch.readBigInt64BE(27),
    maxTimestamp: batch.readBigInt64BE(35),
    recordCount: batch.readInt32BE(57),
  };
}

/** Records, and what of the budget they took. */
export interface DecodedBatch {
  readonly records: readonly KafkaRecord[];
  readonly bytes: number;
}

/**
 * Reads the records of a batch.
 *
 * @param maxBytes that it may take in memory
 * @throws TooLargeError, before it takes more; RecordBatchError and errors of decompression when it is none
 */
export async function decodeBatch(batch: Buffer, head: BatchHead, maxBytes: number): Promise<DecodedBatch> {
  const number = head.attributes & 7;
  const name = codecNames[number] ?? `compression ${number}`;
  const codec = codecByNumber[number];
  if (codec === undefined) throw new RecordBatchError(`${name} is not supported`);
  const { recordCount } = head;
  if (recordCount < 0) throw new RecordBatchError('a negative count of records');
  const section = batch.subarray(batchHeadBytes);
  const left = maxBytes - recordCount * recordCost;
  if (left < 0) throw new TooLargeError(`${recordCount} records of ${name}`, section.length, maxBytes);
  if (recordCount === 0) return { records: [], bytes: 0 };
  const bytes = codec === 'none' ? section : await codec.decompress(section, left);
  if (recordCount * shortestRecordBytes > bytes.length) throw new RecordBatchError('more records than bytes');
  const reader = new RecordReader(bytes, head, Math.max(0, left - bytes.length));
  const records: KafkaRecord[] = [];
  for (let index = 0; index < recordCount; index++) records.push(reader.read());
  return { records, bytes: bytes.length + recordCount * recordCost };
}

class RecordReader {
  readonly #bytes: Buffer;
  readonly #head: BatchHead;
  #position = 0;
  /** End of the record that is being read. */
  #end: number;
  #left: number;

  constructor(bytes: Buffer, head: BatchHead, left: number) {
    this.#bytes = bytes;
    this.#head = head;
    this.#end = bytes.length;
    this.#left = left;
  }

  read(): KafkaRecord {
    const head = this.#head;
    this.#end = this.#bytes.length;
    const length = this.#varint();
    if (length < shortestRecordBytes - 1 || length > this.#end - this.#position) throw cut();
    this.#end = this.#position + length;
    const attributes = this.#byte();
    const timestampDelta = this.#varlong();
    const offsetDelta = this.#varint();
    if (offsetDelta < 0) throw new RecordBatchError('an offset before its batch');
    const key = this.#optionalBytes();
    const value = this.#optionalBytes();
    const headers = this.#headers();
    // What a later format may add behind them is passed over.
    this.#position = this.#end;
    const isAppendTime = (head.attributes & 8) !== 0;
    return {
      magicByte: 2,
      attributes,
      timestamp: String(isAppendTime ? head.maxTimestamp : head.firstTimestamp + timestampDelta),
      offset: String(head.firstOffset + BigInt(offsetDelta)),
      key,
      value,
      headers,
      isControlRecord: head.context.isControlBatch,
      batchContext: head.context,
    };
  }

  #headers(): KafkaRecord['headers'] {
    const count = this.#varint();
    if (count < 0 || count > maxHeaders) throw new RecordBatchError(`${count} headers`);
    // A name may be any text, also one that objects have.
    const headers = Object.create(null) as KafkaRecord['headers'];
    if (count * headerCost > this.#left) throw new TooLargeError('headers', this.#bytes.length, this.#left);
    this.#left -= count * headerCost;
    for (let index = 0; index < count; index++) {
      const name = (this.#optionalBytes() ?? Buffer.alloc(0)).toString();
      const value = this.#optionalBytes();
      const present = headers[name];
      if (present === undefined) headers[name] = value;
      else if (Array.isArray(present)) present.push(value);
      else headers[name] = [present, value];
    }
    return headers;
  }

  #byte(): number {
    if (this.#position >= this.#end) throw cut();
    return this.#bytes[this.#position++]!;
  }

  /** Zigzag, up to five bytes. */
  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
    throw new RecordBatchError('a number of more than five bytes');
  }

  /** Zigzag, up to ten bytes. */
  #varlong(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
    }
    throw new RecordBatchError('a number of more than ten bytes');
  }

  /** Bytes with their length before them; -1 stands for none. */
  #optionalBytes(): Buffer | null {
    const length = this.#varint();
    if (length === -1) return null;
    if (length < 0 || length > this.#end - this.#position) throw cut();
    const start = this.#position;
    this.#position += length;
    return this.#bytes.subarray(start, this.#position);
  }
}

function cut(): RecordBatchError {
  return new RecordBatchError('a length beyond the end');
}
