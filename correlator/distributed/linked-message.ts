/**
 * Values of the topic `linked`. Components are spread over buckets by their ids, and a message carries what one batch has
 * for one bucket: hundreds of records instead of a few. The bucket is the key, so a component's records keep their order.
 */
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { outgoingMessage } from '../../core/codec.ts';
import type { Topic } from '../../core/topics.ts';
import { AvroWriter } from '../../schemas/avro-writer.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import {
  type ComponentMove,
  type ComponentName,
  readComponentMove,
  readComponentName,
  writeComponentMove,
  writeComponentName,
} from '../../schemas/generated/linked-batch.ts';
import { readArray, writeArray } from '../../schemas/avro-blocks.ts';
import {
  type LikelyParent,
  readLikelyParent,
  type Reason,
  reasonIndex,
  writeLikelyParent,
} from '../../schemas/generated/span.ts';
import { scanSpan, SpanScan } from '../../schemas/generated/span-scan.ts';
import type { InputOffset } from '../input-offsets.ts';
import { makeSpanRecord } from '../spans/make-span-record.ts';
import { RecordBlock } from '../spans/record-block.ts';
import type { SpanRecord } from '../spans/span-record.ts';

/** How many instances of the correlator can share the assembling, at most. */
const bucketCount = 128;
/** Bytes of spans in one message; a single larger span is still sent. */
const maxMessageBytes = 512 * 1024;

/** What caused a span, by id: the cause itself may be elsewhere. */
export interface StatedCause {
  readonly parentSpanId: string;
  readonly reason: Reason;
  readonly confidence: number;
}

/** No cause is known. */
export const noCause: StatedCause = { parentSpanId: '', reason: 'unknown', confidence: 0 };

/** A span of a component. */
export interface LinkedRecord {
  readonly componentId: string;
  readonly span: SpanRecord;
  readonly cause: StatedCause;
}

/** News about some components. */
export interface LinkedRecords {
  readonly spans: readonly LinkedRecord[];
  readonly moves: readonly ComponentMove[];
  readonly names: readonly ComponentName[];
}

const writer = new AvroWriter(256 * 1024);

const bucketOf = (componentId: string): number => Number.parseInt(componentId.slice(8, 12), 16) % bucketCount;

function writeRecord({ componentId, span, cause }: LinkedRecord): void {
  writer.writeString(componentId);
  writer.writeString(span.role === 'application' ? span.statedParentSpanId : cause.parentSpanId);
  writer.writeEnum(cause.reason, reasonIndex);
  writer.writeDouble(cause.confidence);
  writeArray(writer, span.likelyParents, writeLikelyParent);
  // How its parent sees the ends of a call follows when its tree is made.
  writer.writeLong(0);
  writer.reserve(span.bodyEnd - span.bodyStart);
  writer.position += span.bytes.copy(writer.buffer, writer.position, span.bodyStart, span.bodyEnd);
}

/** Writes a LinkedBatch. */
export function encodeLinkedRecords({ spans, moves, names }: LinkedRecords): Buffer {
  writer.reset();
  if (spans.length > 0) writer.writeLong(spans.length);
  for (const span of spans) writeRecord(span);
  writer.writeLong(0);
  writeArray(writer, moves, (to, move) => {
    writeComponentMove(to, move);
  });
  writeArray(writer, names, (to, name) => {
    writeComponentName(to, name);
  });
  return writer.finish();
}

/** Cuts spans into pieces that are not too large for one message. */
function* pieces(spans: readonly LinkedRecord[]): Generator<readonly LinkedRecord[]> {
  let from = 0;
  let bytes = 0;
  for (const [index, { span }] of spans.entries()) {
    const size = span.bodyEnd - span.bodyStart;
    if (index > from && bytes + size > maxMessageBytes) {
      yield spans.slice(from, index);
      from = index;
      bytes = 0;
    }
    bytes += size;
  }
  yield spans.slice(from);
}

interface Bucket {
  readonly spans: LinkedRecord[];
  readonly moves: ComponentMove[];
  readonly names: ComponentName[];
}

/** Messages for the topic `linked`, at least one for each bucket with news. Names and moves come after spans. */
export function linkedMessages(records: LinkedRecords): readonly OutgoingMessage[] {
  const buckets = new Map<number, Bucket>();
  const bucket = (componentId: string): Bucket => {
    const number = bucketOf(componentId);
    let found = buckets.get(number);
    if (found === undefined) buckets.set(number, (found = { spans: [], moves: [], names: [] }));
    return found;
  };
  for (const span of records.spans) bucket(span.componentId).spans.push(span);
  for (const move of records.moves) bucket(move.componentId).moves.push(move);
  for (const name of records.names) bucket(name.componentId).names.push(name);
  const messages: OutgoingMessage[] = [];
  for (const [number, { spans, moves, names }] of buckets) {
    const cut = [...pieces(spans)];
    for (const [index, piece] of cut.entries()) {
      const isLast = index === cut.length - 1;
      const value = encodeLinkedRecords({ spans: piece, moves: isLast ? moves : [], names: isLast ? names : [] });
      messages.push(outgoingMessage('linked' satisfies Topic, String(number), 'LinkedBatch', value));
    }
  }
  return messages;
}

/** How many spans from a place on came with the same message, `most` at most. */
function runLength(originOf: (index: number) => InputOffset, from: number, most: number): number {
  const origin = originOf(from);
  let length = 1;
  while (length < most && originOf(from + length) === origin) length++;
  return length;
}

const scan = new SpanScan();
const none: readonly LikelyParent[] = [];

function likelyParentsAt(bytes: Buffer, position: number): readonly LikelyParent[] {
  return bytes[position] === 0 ? none : readArray(new AvroReader(bytes, position), readLikelyParent);
}

/**
 * Reads a LinkedBatch into records that refer to the reader's buffer, which must stay as it is.
 *
 * @param originOf the message that a span came with, by its place
 */
export function readLinkedRecords(
  reader: AvroReader,
  originOf: (index: number) => InputOffset,
  arrival: number,
): LinkedRecords {
  const spans: LinkedRecord[] = [];
  for (let count = reader.readBlockCount(); count > 0; count = reader.readBlockCount()) {
    let block: RecordBlock | undefined;
    for (let index = 0; index < count; index++) {
      const origin = originOf(spans.length);
      if (block?.origin !== origin) {
        const alike = runLength(originOf, spans.length, count - index);
        block = new RecordBlock(reader.buffer, reader.position, alike, origin, arrival);
      }
      const componentId = reader.readString();
      scanSpan(reader, scan);
      const { parentSpanId, reason, confidence } = scan;
      const cause = parentSpanId === '' ? noCause : { parentSpanId, reason, confidence };
      const span = makeSpanRecord(reader, scan, block);
      span.likelyParents = likelyParentsAt(reader.buffer, scan.likelyParentsAt);
      spans.push({ componentId, span, cause });
    }
  }
  const moves = readArray(reader, readComponentMove);
  const names = readArray(reader, readComponentName);
  return { spans, moves, names };
}
