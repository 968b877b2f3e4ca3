import type { AvroReader } from './avro-reader.ts';

/** Moves a reader behind one value; throws AvroDecodeError where reading it would. */
export type Skip = (reader: AvroReader) => void;

interface SchemaObject {
  readonly type: unknown;
  readonly name?: string;
  readonly namespace?: string;
  readonly fields?: readonly { readonly type: unknown }[];
  readonly symbols?: readonly string[];
  readonly items?: unknown;
  readonly values?: unknown;
}

const primitives: Readonly<Record<string, Skip>> = {
  null: () => undefined,
  boolean: (reader) => void reader.readBoolean(),
  int: (reader) => void reader.readInt(),
  long: (reader) => void reader.readLong(),
  double: (reader) => void reader.readDouble(),
  string: (reader) => reader.skipBytes(),
  bytes: (reader) => reader.skipBytes(),
};

/**
 * Makes the skipper of a schema that stands alone. It finds where values of any version end without building them:
 * values that follow one another in a file have no lengths. Unions and fixed are not used in our schemas and refused.
 */
export function makeSkip(schema: unknown): Skip {
  return compile(schema, new Map());
}

function compile(node: unknown, named: Map<string, Skip>): Skip {
  if (typeof node === 'string') {
    const skip = primitives[node] ?? named.get(node.slice(node.lastIndexOf('.') + 1));
    if (skip === undefined) throw new TypeError(`schema type ${node} cannot be skipped`);
    return skip;
  }
  const { type, name, fields, symbols, items, values } = node as SchemaObject;
  switch (type) {
    case 'record': {
      const skips: Skip[] = [];
      const skip: Skip = (reader) => {
        for (const skipField of skips) skipField(reader);
      };
      if (name !== undefined) named.set(name, skip);
      for (const field of fields ?? []) skips.push(compile(field.type, named));
      return skip;
    }
    case 'enum': {
      const skip: Skip = (reader) => void reader.readEnum(symbols ?? []);
      if (name !== undefined) named.set(name, skip);
      return skip;
    }
    case 'array':
      return skipBlocks(compile(items, named));
    case 'map': {
      const skipValue = compile(values, named);
      return skipBlocks((reader) => {
        reader.skipBytes();
        skipValue(reader);
      });
    }
    default:
      return compile(type, named);
  }
}

function skipBlocks(skipItem: Skip): Skip {
  return (reader) => {
    for (let count = reader.readBlockCount(); count > 0; count = reader.readBlockCount())
      for (let index = 0; index < count; index++) skipItem(reader);
  };
}
