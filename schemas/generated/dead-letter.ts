// Generated from schemas/avro/dead-letter.avsc by `npm run generate`. Do not edit.
import type { AvroReader } from '../avro-reader.ts';
import type { AvroWriter } from '../avro-writer.ts';
import { readMap, writeMap } from '../avro-blocks.ts';

/** Symbols of RejectReason, by their position in the encoding. */
export const rejectReasonSymbols = ['unknown', 'undecodable', 'unknown_schema', 'too_large', 'failed', 'forged', 'unsigned', 'poison', 'time_out_of_range', 'refused'] as const;
export type RejectReason = (typeof rejectReasonSymbols)[number];
/** Position of each symbol of RejectReason in the encoding. */
export const rejectReasonIndex: Readonly<Record<RejectReason, number>> = { unknown: 0, undecodable: 1, unknown_schema: 2, too_large: 3, failed: 4, forged: 5, unsigned: 6, poison: 7, time_out_of_range: 8, refused: 9 };

/** A message that could not be used, whole. Topic dead-letter, key: origin topic. */
export interface DeadLetter {
  /** Stage that refused it. */
  readonly stage: string;
  /** Why. */
  readonly reason: RejectReason;
  /** The error's text. */
  readonly detail: string;
  /** Topic it came from. */
  readonly topic: string;
  /** Partition it came from. */
  readonly partition: number;
  /** Offset it came from. */
  readonly offset: number;
  /** Unix time in nanoseconds at which it was refused. */
  readonly timeNs: bigint;
  /** Its key. */
  readonly key: string;
  /** Its headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** Its value, unchanged. */
  readonly value: Uint8Array;
}

/** Reads one DeadLetter; throws AvroDecodeError on bytes that are none. */
export function readDeadLetter(reader: AvroReader): DeadLetter {
  const stage = reader.readString();
  const reason = reader.readEnum(rejectReasonSymbols);
  const detail = reader.readString();
  const topic = reader.readString();
  const partition = reader.readInt();
  const offset = reader.readLong();
  const timeNs = reader.readBigLong();
  const key = reader.readString();
  const headers = readMap(reader, (reader) => reader.readString());
  const value = reader.readBytes();
  return { stage, reason, detail, topic, partition, offset, timeNs, key, headers, value };
}

/** Writes one DeadLetter. */
export function writeDeadLetter(writer: AvroWriter, value: DeadLetter): void {
  writer.writeString(value.stage);
  writer.writeEnum(value.reason, rejectReasonIndex);
  writer.writeString(value.detail);
  writer.writeString(value.topic);
  writer.writeLong(value.partition);
  writer.writeLong(value.offset);
  writer.writeBigLong(value.timeNs);
  writer.writeString(value.key);
  writeMap(writer, value.headers, (writer, item) => writer.writeString(item));
  writer.writeBytes(value.value);
}
