/** Random values of a schema, once as the generated codecs take them and once as avsc does. For tests. */
import avro from 'avsc';
import fc from 'fast-check';

/** The same value twice. */
export interface ValuePair {
  /** As generated codecs read and write it: camelCase names, numbers, bigints where the schema says so. */
  readonly generated: unknown;
  /** As avsc reads and writes it: names of the schema, every long a bigint. */
  readonly avsc: unknown;
}

interface SchemaObject {
  readonly type: unknown;
  readonly name?: string;
  readonly fields?: readonly { readonly name: string; readonly type: unknown; readonly js?: 'bigint' }[];
  readonly symbols?: readonly string[];
  readonly items?: unknown;
  readonly values?: unknown;
}

/** The avsc type of a schema that stands alone, with longs as bigints: exact over all 64 bits. */
export function avscType(schema: unknown): avro.Type {
  const longType = avro.types.LongType.__with({
    fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
    toBuffer: (value: bigint) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(value);
      return bytes;
    },
    fromJSON: (value: number | string) => BigInt(value),
    toJSON: String,
    isValid: (value: unknown) => typeof value === 'bigint',
    compare: (left: bigint, right: bigint) => (left === right ? 0 : left < right ? -1 : 1),
  });
  return avro.Type.forSchema(schema as avro.Schema, { registry: { long: longType } });
}

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const same = (value: unknown): ValuePair => ({ generated: value, avsc: value });

const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', minLength: 60, maxLength: 70 }),
  fc.constantFrom(
    '',
    'a'.repeat(16),
    'b'.repeat(17),
    'c'.repeat(64),
    'd'.repeat(65),
    'ÿ'.repeat(64),
    '\u{1f600}',
    'x'.repeat(5000),
  ),
);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array)),
  fc.constantFrom(0, 4, 16, 512, 70_000).map((length) => Buffer.alloc(length, 7)),
);
const safe = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc
    .integer({ min: 0, max: 52 })
    .chain((power) => fc.constantFrom(2 ** power, 2 ** power - 1, -(2 ** power), -(2 ** power) - 1)),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
);
const big = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.integer().map(BigInt),
  fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, -(2n ** 53n), 0n),
);

const primitives: Readonly<Record<string, fc.Arbitrary<ValuePair>>> = {
  int: fc.integer().map(same),
  double: fc.double({ noNaN: true }).map(same),
  boolean: fc.boolean().map(same),
  string: text.map(same),
  bytes: bytes.map(same),
};

/** Any value of a schema that stands alone. */
export function anyValueOf(schema: unknown): fc.Arbitrary<ValuePair> {
  return arbitrary(schema, false, new Map(), 0);
}

function arbitrary(
  node: unknown,
  isBig: boolean,
  named: Map<string, fc.Arbitrary<ValuePair>>,
  depth: number,
): fc.Arbitrary<ValuePair> {
  if (node === 'long') return isBig ? big.map(same) : safe.map((value) => ({ generated: value, avsc: BigInt(value) }));
  if (typeof node === 'string') return primitives[node] ?? named.get(node.slice(node.lastIndexOf('.') + 1))!;
  const { type, name, fields, symbols, items, values } = node as SchemaObject;
  const maxLength = depth === 0 ? 6 : 3;
  switch (type) {
    case 'record': {
      const members = fields!.map((field) => arbitrary(field.type, field.js === 'bigint', named, depth + 1));
      const record = fc.tuple(...members).map((pairs) => ({
        generated: Object.fromEntries(pairs.map((pair, index) => [camel(fields![index]!.name), pair.generated])),
        avsc: Object.fromEntries(pairs.map((pair, index) => [fields![index]!.name, pair.avsc])),
      }));
      named.set(name!, record);
      return record;
    }
    case 'enum': {
      const symbol = fc.constantFrom(...symbols!).map(same);
      named.set(name!, symbol);
      return symbol;
    }
    case 'array':
      return fc.array(arbitrary(items, isBig, named, depth + 1), { maxLength }).map((pairs) => ({
        generated: pairs.map((pair) => pair.generated),
        avsc: pairs.map((pair) => pair.avsc),
      }));
    case 'map':
      return fc.array(fc.tuple(text, arbitrary(values, isBig, named, depth + 1)), { maxLength }).map((entries) => ({
        generated: Object.fromEntries(entries.map(([key, pair]) => [key, pair.generated])),
        avsc: Object.fromEntries(entries.map(([key, pair]) => [key, pair.avsc])),
      }));
    default:
      return arbitrary(type, isBig, named, depth);
  }
}
