/** Single values from Avro to RowBinary, without an object or a string in between. All throw AvroDecodeError. */
import type { AvroReader } from '../schemas/avro-reader.ts';
import type { RowBinaryWriter } from './row-binary-writer.ts';

/** Any long, exact over all 64 bits. */
export function copyLong(reader: AvroReader, writer: RowBinaryWriter): void {
  const buffer = reader.buffer;
  let position = reader.position;
  // Behind the end there is undefined, which is not below 0x80: the loops go on until they fail.
  let byte = buffer[position++]!;
  if (byte < 0x80) {
    reader.position = position;
    const value = (byte >>> 1) ^ -(byte & 1);
    writer.writeHalves(value, value >> 31);
    return;
  }
  // Seven bits a byte: 28 in `low`, 28 in `middle`, 8 in `high`.
  let low = byte & 0x7f;
  let middle = 0;
  let high = 0;
  let index = 1;
  for (; index < 10; index++) {
    byte = buffer[position++]!;
    if (index < 4) low |= (byte & 0x7f) << (7 * index);
    else if (index < 8) middle |= (byte & 0x7f) << (7 * (index - 4));
    else high |= (byte & 0x7f) << (7 * (index - 8));
    if (byte < 0x80) break;
  }
  reader.position = position;
  if (index === 9 && byte > 1) reader.fail('long of more than 64 bits');
  if (index === 10) reader.fail('end of data in a long, or a long of more than ten bytes');
  const lowHalf = low | (middle << 28);
  const highHalf = (middle >>> 4) | (high << 24);
  const sign = -(lowHalf & 1);
  writer.writeHalves(((lowHalf >>> 1) | (highHalf << 31)) ^ sign, (highHalf >>> 1) ^ sign);
}

/** A long within ±2^53, which is returned; others are refused. */
export function copySafeLong(reader: AvroReader, writer: RowBinaryWriter): number {
  const value = reader.readLong();
  writer.writeInt64(value);
  return value;
}

/** So many longs. */
export function copyLongs(reader: AvroReader, writer: RowBinaryWriter, count: number): void {
  for (let index = 0; index < count; index++) copyLong(reader, writer);
}

/** So many ints, one after the other. */
export function copyInts(reader: AvroReader, writer: RowBinaryWriter, count: number): void {
  const at = writer.claim(4 * count);
  const { view } = writer;
  const { buffer } = reader;
  for (let index = 0; index < count; index++) {
    const byte = buffer[reader.position]!;
    // Most ids are 0 or small.
    if (byte < 0x80) {
      reader.position++;
      view.setInt32(at + 4 * index, (byte >>> 1) ^ -(byte & 1), true);
    } else view.setInt32(at + 4 * index, reader.readInt(), true);
  }
}

/** An int; also returned. */
export function copyInt(reader: AvroReader, writer: RowBinaryWriter): number {
  const value = reader.readInt();
  writer.writeInt32(value);
  return value;
}

/** The number of an enum symbol, as Int8; also returned. */
export function copyEnum(reader: AvroReader, writer: RowBinaryWriter, symbolCount: number): number {
  const index = reader.readLong();
  if (index < 0 || index >= symbolCount) reader.fail('enum symbol out of range');
  writer.writeInt8(index);
  return index;
}

/** Length of the string or bytes that follow. */
export function readLength(reader: AvroReader): number {
  const length = reader.readLong();
  if (length < 0 || reader.position + length > reader.buffer.length) reader.fail('length beyond the end of data');
  return length;
}

/** A string. */
export function copyString(reader: AvroReader, writer: RowBinaryWriter): void {
  const length = readLength(reader);
  writer.writeText(reader.buffer, reader.position, length);
  reader.position += length;
}

/** An address of four or sixteen bytes, as IPv6. */
export function copyAddress(reader: AvroReader, writer: RowBinaryWriter): void {
  const length = readLength(reader);
  writer.writeAddressAt(reader.buffer, reader.position, length);
  reader.position += length;
}

/** An id in hexadecimal, as FixedString(bytes). @param mayBeEmpty then the empty string becomes zeros */
export function copyHex(reader: AvroReader, writer: RowBinaryWriter, bytes: number, mayBeEmpty: boolean): void {
  const length = readLength(reader);
  if (length === 0 && mayBeEmpty) {
    writer.writeZeros(bytes);
    return;
  }
  if (length !== 2 * bytes || !writer.writeHexText(reader.buffer, reader.position, bytes))
    reader.fail(`an id that is not ${2 * bytes} hex digits`);
  reader.position += length;
}
