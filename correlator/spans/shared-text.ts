/**
 * String interning: texts that spans near each other in time share (ids of requests, tuples of connections) are kept once. A
 * direct-mapped cache of recent texts by hash; a text with the same slot replaces the earlier one.
 */
import type { AvroReader } from '../../schemas/avro-reader.ts';

const slotBits = 13;
const texts: string[] = Array.from({ length: 1 << slotBits }, () => '');
/** Avro writes the length of these in one byte. */
const longestShared = 63;

const slotOf = (hash: number): number => Math.imul(hash, 0x9e3779b1) >>> (32 - slotBits);

/** Returns the cached copy of this text, or the text. Equal texts must have equal hashes. */
export function sharedText(text: string, hash: number): string {
  const slot = slotOf(hash);
  const known = texts[slot]!;
  if (known === text) return known;
  return (texts[slot] = text);
}

/** Reads a string; makes no new one if the cache has it. */
export function readSharedText(reader: AvroReader): string {
  const { buffer, position: start } = reader;
  reader.skipBytes();
  const end = reader.position;
  const length = end - start - 1;
  if (length === 0) return '';
  if (length <= longestShared) {
    let hash = length;
    for (let index = start + 1; index < end; index++) hash = Math.imul(hash ^ buffer[index]!, 0x01000193);
    const slot = slotOf(hash);
    const known = texts[slot]!;
    if (isText(known, buffer, start + 1, length)) return known;
    reader.position = start;
    return (texts[slot] = reader.readString());
  }
  reader.position = start;
  return reader.readString();
}

/** Whether a text is ASCII and these bytes. */
function isText(text: string, buffer: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let index = 0; index < length; index++) {
    const byte = buffer[start + index]!;
    if (byte >= 0x80 || text.charCodeAt(index) !== byte) return false;
  }
  return true;
}
