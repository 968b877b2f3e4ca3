/** Defaults of fields: JSON in a schema (Avro 1.11, "Complex Types"), bytes in a value. */
import { AvroSchemaError, type SchemaNode } from './avro-schema.ts';
import { AvroWriter } from './avro-writer.ts';

/**
 * Encodes the default of a field.
 *
 * @throws AvroSchemaError when it is no value of its type
 */
export function encodeDefault(type: SchemaNode, json: unknown): Buffer {
  const writer = new AvroWriter(64);
  writeDefault(writer, type, json);
  return writer.finish();
}

function writeDefault(writer: AvroWriter, type: SchemaNode, json: unknown): void {
  switch (type.kind) {
    case 'null':
      if (json !== null) throw mismatch(type.kind);
      return;
    case 'boolean':
      if (typeof json !== 'boolean') throw mismatch(type.kind);
      writer.writeBoolean(json);
      return;
    case 'int':
    case 'long':
      if (typeof json !== 'number' || !Number.isSafeInteger(json)) throw mismatch(type.kind);
      writer.writeLong(json);
      return;
    case 'float':
    case 'double':
      if (typeof json !== 'number') throw mismatch(type.kind);
      if (type.kind === 'float') writer.writeFloat(json);
      else writer.writeDouble(json);
      return;
    case 'string':
      if (typeof json !== 'string') throw mismatch(type.kind);
      writer.writeString(json);
      return;
    case 'bytes':
      // Code points 0 to 255 stand for bytes.
      if (typeof json !== 'string') throw mismatch(type.kind);
      writer.writeBytes(Buffer.from(json, 'latin1'));
      return;
    case 'fixed':
      if (typeof json !== 'string' || json.length !== type.size) throw mismatch(type.kind);
      writer.writeRaw(Buffer.from(json, 'latin1'));
      return;
    case 'enum': {
      const number = type.symbols.indexOf(String(json));
      if (number < 0) throw mismatch(type.kind);
      writer.writeLong(number);
      return;
    }
    case 'union':
      // The default of a union is one of its first branch.
      if (type.branches[0] === undefined) throw mismatch(type.kind);
      writer.writeLong(0);
      writeDefault(writer, type.branches[0], json);
      return;
    default:
      writeCompound(writer, type, json);
  }
}

function writeCompound(
  writer: AvroWriter,
  type: SchemaNode & { readonly kind: 'record' | 'array' | 'map' },
  json: unknown,
): void {
  if (type.kind === 'array') {
    if (!Array.isArray(json)) throw mismatch(type.kind);
    if (json.length > 0) writer.writeLong(json.length);
    for (const item of json as readonly unknown[]) writeDefault(writer, type.items, item);
    writer.writeLong(0);
    return;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw mismatch(type.kind);
  if (type.kind === 'map') {
    const entries = Object.entries(json);
    if (entries.length > 0) writer.writeLong(entries.length);
    for (const [key, value] of entries) {
      writer.writeString(key);
      writeDefault(writer, type.values, value);
    }
    writer.writeLong(0);
    return;
  }
  const members = json as Readonly<Record<string, unknown>>;
  for (const { name, type: member, defaultValue } of type.fields)
    writeDefault(writer, member, Object.hasOwn(members, name) ? members[name] : defaultValue?.json);
}

function mismatch(kind: string): AvroSchemaError {
  return new AvroSchemaError(`a default that is no ${kind}`);
}
