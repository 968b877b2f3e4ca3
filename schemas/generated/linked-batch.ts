// Generated from schemas/avro/linked-batch.avsc by `npm run generate`. Do not edit.
import type { AvroReader } from '../avro-reader.ts';
import type { AvroWriter } from '../avro-writer.ts';
import { readArray, writeArray } from '../avro-blocks.ts';
import { readSpan, type Span, writeSpan } from './span.ts';

/** A span whose cause has been looked for. */
export interface LinkedSpan {
  /** The component it belongs to, named by the least span id in it: 16 hex digits. */
  readonly componentId: string;
  /** The span. parent_span_id, reason and confidence tell what caused a call, as far as known. */
  readonly span: Span;
}

/** Reads one LinkedSpan; throws AvroDecodeError on bytes that are none. */
export function readLinkedSpan(reader: AvroReader): LinkedSpan {
  const componentId = reader.readString();
  const span = readSpan(reader);
  return { componentId, span };
}

/** Writes one LinkedSpan. */
export function writeLinkedSpan(writer: AvroWriter, value: LinkedSpan): void {
  writer.writeString(value.componentId);
  writeSpan(writer, value.span);
}

/** A component turned out to be part of another. */
export interface ComponentMove {
  /** The component that is no more. */
  readonly componentId: string;
  /** Where its spans belong. */
  readonly movedTo: string;
}

/** Reads one ComponentMove; throws AvroDecodeError on bytes that are none. */
export function readComponentMove(reader: AvroReader): ComponentMove {
  const componentId = reader.readString();
  const movedTo = reader.readString();
  return { componentId, movedTo };
}

/** Writes one ComponentMove. */
export function writeComponentMove(writer: AvroWriter, value: ComponentMove): void {
  writer.writeString(value.componentId);
  writer.writeString(value.movedTo);
}

/** A trace id under which spans of a component went out. */
export interface ComponentName {
  /** The component. */
  readonly componentId: string;
  /** 32 hex digits. */
  readonly traceId: string;
}

/** Reads one ComponentName; throws AvroDecodeError on bytes that are none. */
export function readComponentName(reader: AvroReader): ComponentName {
  const componentId = reader.readString();
  const traceId = reader.readString();
  return { componentId, traceId };
}

/** Writes one ComponentName. */
export function writeComponentName(writer: AvroWriter, value: ComponentName): void {
  writer.writeString(value.componentId);
  writer.writeString(value.traceId);
}

/** Spans on their way to be assembled, and what has become known of their components. Topic linked, key: the components' bucket in decimal. Internal to the correlator. */
export interface LinkedBatch {
  /** A span may come again: with a cause that was found later, or under another component. */
  readonly spans: readonly LinkedSpan[];
  /** Components that became part of others. */
  readonly moves: readonly ComponentMove[];
  /** Trace ids given so far: when a component gets another one, these are told to be part of it. */
  readonly names: readonly ComponentName[];
}

/** Reads one LinkedBatch; throws AvroDecodeError on bytes that are none. */
export function readLinkedBatch(reader: AvroReader): LinkedBatch {
  const spans = readArray(reader, (reader) => readLinkedSpan(reader), 99);
  const moves = readArray(reader, (reader) => readComponentMove(reader), 2);
  const names = readArray(reader, (reader) => readComponentName(reader), 2);
  return { spans, moves, names };
}

/** Writes one LinkedBatch. */
export function writeLinkedBatch(writer: AvroWriter, value: LinkedBatch): void {
  writeArray(writer, value.spans, (writer, item) => writeLinkedSpan(writer, item));
  writeArray(writer, value.moves, (writer, item) => writeComponentMove(writer, item));
  writeArray(writer, value.names, (writer, item) => writeComponentName(writer, item));
}
