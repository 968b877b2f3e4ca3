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

/** How a value is skipped, and what that costs at least. */
interface Skipper {
  readonly skip: Skip;
  /** Fewest bytes that a value takes. */
  readonly leastBytes: number;
  /** Skips of primitive values in one value, arrays and maps left out. */
  readonly steps: number;
}

/** Our schemas have some tens. Records within records within records could make any number of little text. */
const maximumSteps = 1_000;

const primitive = (leastBytes: number, skip: Skip): Skipper => ({ skip, leastBytes, steps: 1 });
const primitives: ReadonlyMap<string, Skipper> = new Map([
  ['null', primitive(0, () => undefined)],
  ['boolean', primitive(1, (reader) => void reader.readBoolean())],
  ['int', primitive(1, (reader) => void reader.readInt())],
  ['long', primitive(1, (reader) => void reader.readLong())],
  ['double', primitive(8, (reader) => void reader.readDouble())],
  ['string', primitive(1, (reader) => reader.skipBytes())],
  ['bytes', primitive(1, (reader) => reader.skipBytes())],
]);

/**
 * Makes the skipper of a schema that stands alone. It finds where values of any version end without building them:
 * values that follow one another in a file have no lengths. Unions and fixed are not used in our schemas and refused; so
 * are values that contain themselves or take no bytes, which would be skipped for ever.
 *
 * @throws TypeError
 */
export function makeSkip(schema: unknown): Skip {
  const { skip, leastBytes } = compile(schema, new Map());
  if (leastBytes === 0) throw new TypeError('values of the schema take no bytes');
  return skip;
}

function compile(node: unknown, named: Map<string, Skipper>): Skipper {
  if (typeof node === 'string') {
    const skipper = primitives.get(node) ?? named.get(node.slice(node.lastIndexOf('.') + 1));
    if (skipper === undefined) throw new TypeError(`schema type ${node.slice(0, 60)} cannot be skipped`);
    return skipper;
  }
  if (typeof node !== 'object' || node === null) throw new TypeError('schema is none');
  const { type, name, symbols, items, values } = node as SchemaObject;
  switch (type) {
    case 'record':
      return compileRecord(node as SchemaObject, named);
    case 'enum': {
      const skipper = primitive(1, (reader) => void reader.readEnum(symbols ?? []));
      if (name !== undefined) named.set(name, skipper);
      return skipper;
    }
    case 'array':
      return skipBlocks(compile(items, named));
    case 'map': {
      const { skip, leastBytes, steps } = compile(values, named);
      const skipEntry: Skip = (reader) => {
        reader.skipBytes();
        skip(reader);
      };
      return skipBlocks({ skip: skipEntry, leastBytes: leastBytes + 1, steps });
    }
    default:
      return compile(type, named);
  }
}

function compileRecord({ name, fields }: SchemaObject, named: Map<string, Skipper>): Skipper {
  const skippers = (fields ?? []).map((field) => compile(field.type, named));
  const skips = skippers.map(({ skip }) => skip);
  const skipper: Skipper = {
    skip(reader) {
      for (const skipField of skips) skipField(reader);
    },
    leastBytes: skippers.reduce((sum, { leastBytes }) => sum + leastBytes, 0),
    steps: skippers.reduce((sum, { steps }) => sum + steps, 1),
  };
  if (skipper.steps > maximumSteps) throw new TypeError('schema is too large');
  // Known from here on: not within itself.
  if (name !== undefined) named.set(name, skipper);
  return skipper;
}

function skipBlocks({ skip, leastBytes }: Skipper): Skipper {
  if (leastBytes === 0) throw new TypeError('items of the schema take no bytes');
  return primitive(1, (reader) => {
    for (let count = reader.readBlockCount(); count > 0; count = reader.readBlockCount())
      for (let index = 0; index < count; index++) skip(reader);
  });
}
