/**
 * What a fetch brings of one partition, to records. kafkajs decodes as much as a producer asks it to, fails as a whole when
 * one batch cannot be read, and then fetches the same again for ever. This takes the place of that part of it: a batch that
 * cannot or must not be read becomes one record that says so and where it was, and those behind it are read as usual.
 */
import { createRequire } from 'node:module';
import type { Refused } from '../../bus.ts';
import { TooLargeError } from './compression.ts';
import {
  batchHeadBytes,
  type BatchHead,
  decodeBatch,
  type KafkaRecord,
  readBatchHead,
  RecordBatchError,
} from './record-batch.ts';

/** A record, or one that stands for a batch that was not read: its offset is that of the batch's last record. */
export type FetchedRecord = KafkaRecord & { readonly refused?: Refused };

/** Bytes in front of the length of a batch and of the batch itself. */
const offsetBytes = 8;
const entryHeadBytes = offsetBytes + 4;
const magicAt = 16;
/** A refused batch of at most this many bytes is included in its dead letter. */
const keptBytes = 64 * 1024;

/** What a response to a fetch has taken in memory so far. */
interface Spent {
  bytes: number;
}

/**
 * Reads the batches of one partition in a response.
 *
 * @param spent by the partitions before it in the same response
 * @param maxBytes that all of them may take together; the first batch of all has that much for itself
 */
export async function readRecordSet(set: Buffer, spent: Spent, maxBytes: number): Promise<FetchedRecord[]> {
  const records: FetchedRecord[] = [];
  let position = 0;
  // The last batch may be cut: a fetch ends where its bytes end.
  while (set.length - position > magicAt) {
    const length = set.readInt32BE(position + offsetBytes);
    if (length <= magicAt - entryHeadBytes) throw new RecordBatchError(`a batch of ${length} bytes`);
    const end = position + entryHeadBytes + length;
    if (end > set.length) break;
    // The rest is fetched again when this has been worked off.
    if (spent.bytes >= maxBytes) break;
    const decoded = await readEntry(set.subarray(position, end), maxBytes);
    for (const record of decoded.records) records.push(record);
    spent.bytes += decoded.bytes;
    position = end;
  }
  return records;
}

interface DecodedEntry {
  readonly records: readonly FetchedRecord[];
  readonly bytes: number;
}

async function readEntry(entry: Buffer, maxBytes: number): Promise<DecodedEntry> {
  if (entry[magicAt] !== 2) return readLegacy(entry);
  if (entry.length < batchHeadBytes) throw new RecordBatchError(`a batch of ${entry.length} bytes`);
  const head = readBatchHead(entry);
  try {
    const decoded = await decodeBatch(entry, head, maxBytes);
    // Compaction may leave a batch without records; kafkajs would not get past it.
    return decoded.records.length === 0 ? { records: [passed(head)], bytes: 0 } : decoded;
  } catch (error) {
    return { records: [refused(entry, head, error)], bytes: entry.length };
  }
}

/** A record that kafkajs passes over as it passes over control records. */
function passed(head: BatchHead): KafkaRecord {
  return {
    magicByte: 2,
    attributes: 0,
    timestamp: String(head.maxTimestamp),
    offset: String(head.lastOffset),
    key: null,
    value: null,
    headers: {},
    isControlRecord: true,
    batchContext: head.context,
  };
}

function refused(entry: Buffer, head: BatchHead, error: unknown): FetchedRecord {
  const firstOffset = Number(head.firstOffset);
  const lastOffset = Number(head.lastOffset);
  const offsets = firstOffset === lastOffset ? `offset ${firstOffset}` : `offsets ${firstOffset} to ${lastOffset}`;
  const isKept = entry.length <= keptBytes;
  const where = `the record batch at ${offsets}, ${entry.length} bytes`;
  const what = isKept ? 'the value is the batch as it was fetched' : 'its bytes are not in this letter';
  const why = error instanceof Error ? error.message : String(error);
  return {
    ...passed(head),
    value: isKept ? Buffer.from(entry) : null,
    isControlRecord: false,
    refused: {
      reason: error instanceof TooLargeError ? 'too_large' : 'undecodable',
      detail: `${why}; ${where}; ${what}`,
      firstOffset,
    },
  };
}

const requireInternal = createRequire(import.meta.url);

interface LegacyDecoder {
  readonly buffer: Buffer;
}

/** Messages of formats before v2, which brokers keep in logs of that time. kafkajs reads one, or one that wraps others. */
async function readLegacy(entry: Buffer): Promise<DecodedEntry> {
  const Decoder = requireInternal('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => LegacyDecoder;
  const decode = requireInternal('kafkajs/src/protocol/messageSet/decoder') as (
    decoder: LegacyDecoder,
    bytes: number,
  ) => Promise<FetchedRecord[]>;
  const offset = entry.readBigInt64BE(0);
  const context = { firstOffset: String(offset), producerId: '-1', inTransaction: false, isControlBatch: false };
  try {
    const records = await decode(new Decoder(entry), entry.length);
    if (records.length === 0) throw new RecordBatchError('no message');
    return { records: records.map((record) => ({ ...record, batchContext: context })), bytes: entry.length };
  } catch (error) {
    const head: BatchHead = {
      context,
      firstOffset: offset,
      lastOffset: offset,
      attributes: 0,
      firstTimestamp: 0n,
      maxTimestamp: 0n,
      recordCount: 1,
    };
    return { records: [refused(entry, head, error)], bytes: entry.length };
  }
}

/** The decoder of kafkajs, as far as it is used here. */
interface ResponseDecoder {
  readInt32(): number;
  canReadBytes(length: number): boolean;
  readBytes(length: number): Buffer;
}

let maxFetchedBytes = 0;
/** By the decoder of a whole response. */
const spentBy = new WeakMap<ResponseDecoder, Spent>();

async function decodeMessages(decoder: ResponseDecoder): Promise<FetchedRecord[]> {
  const length = decoder.readInt32();
  if (length <= 0 || !decoder.canReadBytes(length)) return [];
  let spent = spentBy.get(decoder);
  if (spent === undefined) spentBy.set(decoder, (spent = { bytes: 0 }));
  return readRecordSet(decoder.readBytes(length), spent, maxFetchedBytes);
}

/**
 * Makes kafkajs decode fetches by {@link readRecordSet}. It has no place for that: the module that does it is replaced
 * before the first fetch loads it. kafka-consumer's tests notice when a version of kafkajs has it elsewhere.
 *
 * @param maxBytes that what a broker sends in one response may take in memory
 */
export function useRecordSets(maxBytes: number): void {
  maxFetchedBytes = maxBytes;
  const path = requireInternal.resolve('kafkajs/src/protocol/requests/fetch/v4/decodeMessages');
  requireInternal(path);
  requireInternal.cache[path]!.exports = decodeMessages;
}
