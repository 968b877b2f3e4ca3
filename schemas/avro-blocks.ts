import type { AvroReader } from './avro-reader.ts';
import type { AvroWriter } from './avro-writer.ts';

/** Reads an Avro array. @param itemBytes fewest bytes of an item; at least 1, as of all our items */
export function readArray<Item>(reader: AvroReader, readItem: (reader: AvroReader) => Item, itemBytes = 1): Item[] {
  const items: Item[] = [];
  for (let count = reader.readBlockCount(itemBytes); count > 0; count = reader.readBlockCount(itemBytes)) {
    for (let index = 0; index < count; index++) items.push(readItem(reader));
  }
  return items;
}

/** Writes an Avro array as one block. */
export function writeArray<Item>(
  writer: AvroWriter,
  items: readonly Item[],
  writeItem: (writer: AvroWriter, item: Item) => void,
): void {
  if (items.length > 0) {
    writer.writeLong(items.length);
    for (const item of items) writeItem(writer, item);
  }
  writer.writeLong(0);
}

/** Reads an Avro map. */
export function readMap<Value>(reader: AvroReader, readValue: (reader: AvroReader) => Value): Record<string, Value> {
  const entries: [string, Value][] = [];
  // An entry has at least the length of its key and a byte of its value.
  for (let count = reader.readBlockCount(2); count > 0; count = reader.readBlockCount(2)) {
    for (let index = 0; index < count; index++) entries.push([reader.readString(), readValue(reader)]);
  }
  return Object.fromEntries(entries);
}

/** Writes an Avro map as one block, in the order of the object's keys. */
export function writeMap<Value>(
  writer: AvroWriter,
  map: Readonly<Record<string, Value>>,
  writeValue: (writer: AvroWriter, value: Value) => void,
): void {
  const entries = Object.entries(map);
  if (entries.length > 0) {
    writer.writeLong(entries.length);
    for (const [key, value] of entries) {
      writer.writeString(key);
      writeValue(writer, value);
    }
  }
  writer.writeLong(0);
}
