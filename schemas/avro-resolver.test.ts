/** Holds the translation between versions to avsc on values, and to its bounds on bytes and schemas made to hurt. */
import { readFileSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AvroDecodeError } from './avro-reader.ts';
import { makeTranslation } from './avro-resolver.ts';
import { AvroSchemaError, parseSchema, parseSchemaJson, schemaBounds } from './avro-schema.ts';
import { AvroWriter } from './avro-writer.ts';
import { type SchemaName, schemas } from './generated/schemas.ts';
import { anyValueOf, avscType } from './testing/schema-values.ts';

const seed = 1;
const directory = new URL('avro/history/', import.meta.url);
const versions = readdirSync(directory).map((file) => ({
  file,
  name: file.split('-')[0] as SchemaName,
  json: JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as unknown,
}));
const currentJson = (name: SchemaName): unknown => JSON.parse(schemas[name].text);

/** What came of a value: bytes, or the name of the error. */
function outcome(translate: (value: Buffer) => Buffer, bytes: Buffer): Buffer | string {
  try {
    return translate(bytes);
  } catch (error) {
    return (error as Error).name;
  }
}

describe.each(versions)('$file', ({ name, json }) => {
  const translate = makeTranslation(parseSchema(json), parseSchema(currentJson(name)));
  const [past, current] = [avscType(json), avscType(currentJson(name))];

  test('is translated as avsc translates it', () => {
    const resolver = current.createResolver(past);
    fc.assert(
      fc.property(anyValueOf(json), ({ avsc }) => {
        const bytes = past.toBuffer(avsc);
        const expected = current.toBuffer(current.fromBuffer(bytes, resolver));
        expect(translate(bytes).equals(expected)).toBe(true);
      }),
      { numRuns: 150, seed },
    );
  });

  test('gives a value or an AvroDecodeError for damaged and cut bytes, within a bound of size', () => {
    const values = fc.sample(anyValueOf(json), { numRuns: 40, seed }).map(({ avsc }) => past.toBuffer(avsc));
    const damages = fc.sample(fc.tuple(fc.nat(), fc.nat(255), fc.nat()), { numRuns: 2_000, seed });
    for (const [index, [place, byte, cut]] of damages.entries()) {
      const bytes = Buffer.from(values[index % values.length]!.subarray(0, 4_000));
      if (bytes.length > 0) bytes[place % bytes.length] = byte;
      const result = outcome(translate, cut % 2 === 0 ? bytes : bytes.subarray(0, cut % (bytes.length + 1)));
      if (typeof result === 'string') expect(result).toBe('AvroDecodeError');
      else expect(result.length).toBeLessThan(9 * bytes.length + 2 ** 21);
    }
  });
});

/** A long as bytes. */
function long(value: number): number[] {
  const writer = new AvroWriter();
  writer.writeLong(value);
  return [...writer.finish()];
}
const record = (name: string, fields: readonly (readonly [string, unknown, ...unknown[]])[]): unknown => ({
  type: 'record',
  name,
  fields: fields.map(([field, type, ...defaults]) => ({
    name: field,
    type,
    ...(defaults.length > 0 ? { default: defaults[0] } : {}),
  })),
});
const translated = (from: unknown, to: unknown, bytes: readonly number[]): Buffer =>
  makeTranslation(parseSchema(from), parseSchema(to))(Buffer.from(bytes));

describe('resolution', () => {
  const changes: [string, unknown, unknown, number[], number[]][] = [
    ['an added field gets its default', record('R', []), record('R', [['a', 'string', 'x']]), [], [2, 120]],
    [
      'a removed field is passed over',
      record('R', [
        ['a', 'string'],
        ['b', 'int'],
      ]),
      record('R', [['b', 'int']]),
      [2, 120, 8],
      [8],
    ],
    [
      'fields are found in another order',
      record('R', [
        ['a', 'string'],
        ['b', 'int'],
      ]),
      record('R', [
        ['b', 'int'],
        ['a', 'string'],
      ]),
      [2, 120, 8],
      [8, 2, 120],
    ],
    ['an int becomes a long', record('R', [['a', 'int']]), record('R', [['a', 'long']]), [8], [8]],
    [
      'a float becomes a double',
      record('R', [['a', 'float']]),
      record('R', [['a', 'double']]),
      [0, 0, 128, 63],
      [0, 0, 0, 0, 0, 0, 240, 63],
    ],
    ['a string becomes bytes', record('R', [['a', 'string']]), record('R', [['a', 'bytes']]), [2, 120], [2, 120]],
    [
      'a branch of a union becomes what it is',
      record('R', [['a', ['null', 'string']]]),
      record('R', [['a', 'string']]),
      [2, 2, 120],
      [2, 120],
    ],
    [
      'a value becomes a branch',
      record('R', [['a', 'string']]),
      record('R', [['a', ['null', 'string']]]),
      [2, 120],
      [2, 2, 120],
    ],
    [
      'a map stays a map',
      record('R', [['a', { type: 'map', values: 'int' }]]),
      record('R', [['a', { type: 'map', values: 'long' }]]),
      [1, 6, 2, 120, 8, 0],
      [2, 2, 120, 8, 0],
    ],
    [
      'a fixed type stays one',
      record('R', [['a', { type: 'fixed', name: 'F', size: 2 }]]),
      record('R', [['a', { type: 'fixed', name: 'F', size: 2 }]]),
      [1, 2],
      [1, 2],
    ],
    [
      'an unknown symbol becomes the default',
      record('R', [['a', { type: 'enum', name: 'E', symbols: ['x', 'y'] }]]),
      record('R', [['a', { type: 'enum', name: 'E', symbols: ['z', 'x'], default: 'z' }]]),
      [2],
      [0],
    ],
    [
      'a field is found under an alias',
      record('R', [['old', 'int']]),
      { type: 'record', name: 'R', fields: [{ name: 'new', aliases: ['old'], type: 'int' }] },
      [8],
      [8],
    ],
    [
      'a record is found under an alias and in another namespace',
      record('a.b.Old', []),
      { ...(record('R', []) as object), aliases: ['Old'] },
      [],
      [],
    ],
  ];
  test.each(changes)('%s', (_, from, to, bytes, expected) => {
    expect([...translated(from, to, bytes)]).toEqual(expected);
  });

  test.each([
    [
      'a branch that the reader cannot take',
      record('R', [['a', ['null', 'string']]]),
      record('R', [['a', 'string']]),
      [0],
    ],
    ['a branch out of range', record('R', [['a', ['null', 'string']]]), record('R', [['a', ['null', 'string']]]), [4]],
    [
      'a symbol without a default',
      record('R', [['a', { type: 'enum', name: 'E', symbols: ['x'] }]]),
      record('R', [['a', { type: 'enum', name: 'E', symbols: ['z'] }]]),
      [0],
    ],
    ['bytes behind the record', record('R', []), record('R', []), [0]],
  ])('%s refuses the value, not the schema', (_, from, to, bytes) => {
    expect(() => translated(from, to, bytes)).toThrow(AvroDecodeError);
  });

  test.each([
    ['a missing field without a default', record('R', []), record('R', [['a', 'string']])],
    ['a text where a number should be', record('R', [['a', 'string']]), record('R', [['a', 'int']])],
    ['another record', record('Q', []), record('R', [])],
    ['a default that is none', record('R', []), record('R', [['a', 'int', 'x']])],
  ])('%s makes the schemas incompatible', (_, from, to) => {
    expect(() => makeTranslation(parseSchema(from), parseSchema(to))).toThrow(AvroSchemaError);
  });
});

describe('counts that promise more than there is', () => {
  const arrayOf = (items: unknown): unknown => record('R', [['a', { type: 'array', items }]]);
  const empty = record('Empty', []);
  const cases: [string, unknown, unknown, number[]][] = [
    ['10^9 nulls', arrayOf('null'), arrayOf('null'), [...long(1e9), 0]],
    ['10^9 empty records', arrayOf(empty), arrayOf(empty), [...long(1e9), 0]],
    [
      '10^9 fixed types of no bytes',
      arrayOf({ type: 'fixed', name: 'F', size: 0 }),
      arrayOf({ type: 'fixed', name: 'F', size: 0 }),
      [...long(1e9), 0],
    ],
    ['10^9 strings', arrayOf('string'), arrayOf('string'), [...long(1e9), 0]],
    ['a negative count of 10^9', arrayOf('int'), arrayOf('int'), [...long(-1e9), 0, 0]],
    ['the smallest long as a count', arrayOf('int'), arrayOf('int'), [...long(-Number.MAX_SAFE_INTEGER), 0]],
    [
      'strings where no reader looks',
      record('R', [['a', { type: 'array', items: 'string' }]]),
      record('R', []),
      [...long(1e9), 0],
    ],
    [
      'a text longer than the message',
      record('R', [['a', 'string']]),
      record('R', [['a', 'string']]),
      [...long(1e9), 120],
    ],
    ['a text of negative length', record('R', [['a', 'string']]), record('R', [['a', 'string']]), long(-5)],
  ];
  test.each(cases)('%s are refused before they are read', (_, from, to, bytes) => {
    expect(() => translated(from, to, bytes)).toThrow(AvroDecodeError);
  });

  test('empty records that fan out take no more steps than a message may', () => {
    // 2^40 records in one another, and not one byte.
    let node: unknown = record('R0', []);
    for (let level = 1; level <= 20; level++)
      node = record(`R${level}`, [
        ['a', node],
        ['b', `R${level - 1}`],
      ]);
    expect(() => translated(record('T', [['x', node]]), record('T', [['x', node]]), [])).toThrow(AvroDecodeError);
    expect([...translated(record('T', [['x', node]]), record('T', []), [])]).toEqual([]);
  });

  test('a default many times as large as what it stands in for has its bound', () => {
    const from = arrayOf(record('I', [['b', 'boolean']]));
    const to = arrayOf(
      record('I', [
        ['b', 'boolean'],
        ['text', 'string', 'x'.repeat(1_000)],
      ]),
    );
    const bytes = [...long(50_000), ...new Array<number>(50_000).fill(1), 0];
    expect(() => translated(from, to, bytes)).toThrow('a translation many times as large');
  });

  test('values in one another end at a depth, however few bytes each takes', () => {
    const list = record('L', [['next', ['null', 'L']]]);
    expect(translated(list, list, [2, 2, 2, 0]).length).toBe(4);
    expect(() => translated(list, list, new Array<number>(100_000).fill(2))).toThrow('values nested too deeply');
    expect(() => translated(record('T', [['x', list]]), record('T', []), new Array<number>(100_000).fill(2))).toThrow(
      'values nested too deeply',
    );
  });
});

describe('a schema from elsewhere is refused with a reason when it', () => {
  const deep = (levels: number): string => `${'{"type":"array","items":'.repeat(levels)}"int"${'}'.repeat(levels)}`;
  const chain = (length: number): unknown[] =>
    Array.from({ length }, (_, index) => record(`R${index}`, index === 0 ? [] : [['a', `R${index - 1}`]]));
  test.each<[string, string, RegExp]>([
    ['is nested without end', deep(100_000), /nested too deeply|characters/],
    ['is nested a little too deeply', deep(schemaBounds.jsonDepth + 1), /nested too deeply/],
    ['is large', JSON.stringify('x'.repeat(schemaBounds.textBytes)), /characters/],
    ['has many types', JSON.stringify(new Array(schemaBounds.types + 1).fill('int')), /too many types/],
    ['is no JSON', '{', /not JSON/],
    ['names what is not there', '"gone"', /not defined/],
    ['has a record in itself', JSON.stringify(record('R', [['a', 'R']])), /contains itself/],
    [
      'has records in a circle behind an array',
      JSON.stringify({ type: 'array', items: record('R', [['a', record('Q', [['b', 'R']])]]) }),
      /contains itself/,
    ],
    [
      'has a chain of names',
      JSON.stringify(
        record('T', [
          ['u', chain(500)],
          ['x', 'R499'],
        ]),
      ),
      /nested too deeply/,
    ],
    ['has two types of one name', JSON.stringify(record('R', [['a', record('R', [])]])), /defined twice/],
    ['has a fixed type of negative size', '{"type":"fixed","name":"F","size":-1}', /no size/],
    ['has a type that is a number', '{"type":7}', /neither name nor object/],
  ])('%s', (_, text, reason) => {
    const use = (): unknown => {
      const node = parseSchema(parseSchemaJson(text));
      return makeTranslation(node, node);
    };
    expect(use).toThrow(AvroSchemaError);
    expect(use).toThrow(reason);
  });
});
