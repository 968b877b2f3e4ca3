/**
 * The frame of Avro object container files (Avro 1.11, "Object Container Files"): a header of magic, metadata and a
 * 16-byte marker, then blocks of count, size, data, marker.
 */
import type { AvroReader } from '../../schemas/avro-reader.ts';
import { readMap, writeMap } from '../../schemas/avro-blocks.ts';
import { AvroWriter } from '../../schemas/avro-writer.ts';

/** How the data of a block is compressed: not at all, or by RFC 1951. */
export const recordingCodecs = ['null', 'deflate'] as const;
export type RecordingCodec = (typeof recordingCodecs)[number];

export const markerBytes = 16;
const magic = Buffer.from('Obj\u0001', 'latin1');

/** What a file says of itself. */
export interface ContainerHeader {
  readonly metadata: Readonly<Record<string, Uint8Array>>;
  /** Random; ends the header and every block. */
  readonly marker: Uint8Array;
}

/** The header as bytes. */
export function encodeHeader(header: ContainerHeader): Buffer {
  const writer = new AvroWriter(4096);
  writer.writeRaw(magic);
  writeMap(writer, header.metadata, (writer, value) => writer.writeBytes(value));
  writer.writeRaw(header.marker);
  return writer.finish();
}

/** Whether these are the first bytes of a container file. */
export function beginsAsContainer(bytes: Buffer): boolean {
  return bytes.subarray(0, magic.length).equals(magic);
}

/** Reads a header. @throws AvroDecodeError when the bytes are none, or not all of it */
export function readHeader(reader: AvroReader): ContainerHeader {
  if (!reader.buffer.subarray(reader.position, magic.length).equals(magic)) reader.fail('not an Avro container file');
  reader.position += magic.length;
  // Copies: these outlive the buffer they are read from.
  const metadata = readMap(reader, (reader) => Buffer.from(reader.readBytes()));
  return { metadata, marker: Buffer.from(readMarker(reader)) };
}

/** Reads the marker behind a header or a block. */
export function readMarker(reader: AvroReader): Buffer {
  const marker = reader.buffer.subarray(reader.position, reader.position + markerBytes);
  if (marker.length < markerBytes) reader.fail('end of data in a marker');
  reader.position += markerBytes;
  return marker;
}

/** A block as bytes. */
export function encodeBlock(count: number, data: Uint8Array, marker: Uint8Array): Buffer {
  const writer = new AvroWriter(data.length + 40);
  writer.writeLong(count);
  writer.writeBytes(data);
  writer.writeRaw(marker);
  return writer.finish();
}
