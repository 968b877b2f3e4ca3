// Generated from schemas/avro/stage-report.avsc by `npm run generate`. Do not edit.
import type { AvroReader } from '../avro-reader.ts';
import type { AvroWriter } from '../avro-writer.ts';
import { readArray, readMap, writeArray, writeMap } from '../avro-blocks.ts';

/** Counts of one stage. received = emitted + dropped + rejected + buffered. */
export interface StageCounts {
  /** Name of the stage, as metrics have it. */
  readonly stage: string;
  /** Records received. */
  readonly received: number;
  /** Records emitted. */
  readonly emitted: number;
  /** Records in state. */
  readonly buffered: number;
  /** Records left out, by reason; of the collector: lost on the host. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Records that could not be used, by reason. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Bus messages of its partitions that it has not read. */
  readonly lagMessages: number;
  /** Upper bound of the time in milliseconds that the oldest of them has waited; 0 when all is read. */
  readonly lagMs: number;
}

/** Reads one StageCounts; throws AvroDecodeError on bytes that are none. */
export function readStageCounts(reader: AvroReader): StageCounts {
  const stage = reader.readString();
  const received = reader.readLong();
  const emitted = reader.readLong();
  const buffered = reader.readLong();
  const dropped = readMap(reader, (reader) => reader.readLong());
  const rejected = readMap(reader, (reader) => reader.readLong());
  const lagMessages = reader.readLong();
  const lagMs = reader.readLong();
  return { stage, received, emitted, buffered, dropped, rejected, lagMessages, lagMs };
}

/** Writes one StageCounts. */
export function writeStageCounts(writer: AvroWriter, value: StageCounts): void {
  writer.writeString(value.stage);
  writer.writeLong(value.received);
  writer.writeLong(value.emitted);
  writer.writeLong(value.buffered);
  writeMap(writer, value.dropped, (writer, item) => writer.writeLong(item));
  writeMap(writer, value.rejected, (writer, item) => writer.writeLong(item));
  writer.writeLong(value.lagMessages);
  writer.writeLong(value.lagMs);
}

/** What became of the records of the stages in one process, counted since it began. Topic stage-reports, key: instance. Each report has all counts, so one that is lost or late does no harm; what happened between two moments is the difference of two reports. */
export interface StageReport {
  /** 32 hex digits, random: one run of one process. */
  readonly instance: string;
  /** Name of the host it runs on. */
  readonly host: string;
  /** Version of spanloom. */
  readonly version: string;
  /** Unix time in nanoseconds at which it began to count. */
  readonly startedAtNs: bigint;
  /** Unix time in nanoseconds of the counts. */
  readonly timeNs: bigint;
  /** Its stages; none twice. */
  readonly stages: readonly StageCounts[];
}

/** Reads one StageReport; throws AvroDecodeError on bytes that are none. */
export function readStageReport(reader: AvroReader): StageReport {
  const instance = reader.readString();
  const host = reader.readString();
  const version = reader.readString();
  const startedAtNs = reader.readBigLong();
  const timeNs = reader.readBigLong();
  const stages = readArray(reader, (reader) => readStageCounts(reader), 8);
  return { instance, host, version, startedAtNs, timeNs, stages };
}

/** Writes one StageReport. */
export function writeStageReport(writer: AvroWriter, value: StageReport): void {
  writer.writeString(value.instance);
  writer.writeString(value.host);
  writer.writeString(value.version);
  writer.writeBigLong(value.startedAtNs);
  writer.writeBigLong(value.timeNs);
  writeArray(writer, value.stages, (writer, item) => writeStageCounts(writer, item));
}
