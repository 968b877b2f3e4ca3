import { describe, expect, it } from 'vitest';
import { tracesData } from './testing/otlp-messages.ts';
import { JsonTracesError, tracesFromJson } from './traces-from-json.ts';

const traceId = '0102030405060708090a0b0c0d0e0f10';
const value = (given: object): object => ({ key: 'a', value: given });
const span = {
  ...{ traceId, spanId: '0102030405060708', parentSpanId: 'fFfEfDfCfBfAf9f8', traceState: 'a=b', flags: 257 },
  ...{
    name: 'naïve "漢字"',
    kind: 2,
    startTimeUnixNano: '1790000000000000123',
    endTimeUnixNano: '18446744073709551615',
  },
  attributes: [
    value({ stringValue: '' }),
    value({ boolValue: true }),
    value({ intValue: '-9223372036854775808' }),
    value({ doubleValue: -0.5 }),
    value({ bytesValue: 'AQL/' }),
    value({ arrayValue: { values: [{ stringValue: 'x'.repeat(20_000) }, {}] } }),
    value({ kvlistValue: { values: [value({ kvlistValue: { values: [] } })] } }),
    { key: 'none' },
  ],
  ...{ droppedAttributesCount: 1, droppedEventsCount: 2, droppedLinksCount: 4294967295 },
  events: [{ timeUnixNano: '5', name: 'e', attributes: [value({ intValue: '7' })], droppedAttributesCount: 3 }],
  links: [{ traceId, spanId: '1112131415161718', traceState: 'c', flags: 1, attributes: [value({ intValue: '8' })] }],
  status: { code: 2, message: 'broken' },
};
const requestOf = (...spans: readonly object[]): object => ({
  resourceSpans: [
    {
      resource: { attributes: [value({ stringValue: 'r' })], droppedAttributesCount: 9 },
      scopeSpans: [
        { scope: { name: 's', version: '1', attributes: [value({ intValue: '1' })] }, spans, schemaUrl: 'http://x' },
      ],
      schemaUrl: 'http://y',
    },
  ],
});

const idNames = new Set(['traceId', 'spanId', 'parentSpanId']);
/** The same object with ids in base64, as protobufjs takes them. */
const withBytes = (object: unknown): object =>
  JSON.parse(JSON.stringify(object), (key, item: unknown) =>
    idNames.has(key) ? Buffer.from(item as string, 'hex').toString('base64') : item,
  ) as object;
const decoded = (bytes: Uint8Array): unknown =>
  tracesData.toObject(tracesData.decode(bytes), { longs: String, bytes: String, enums: String });
const read = (request: unknown): unknown => decoded(tracesFromJson(JSON.stringify(request)));
const oracle = (request: unknown): unknown =>
  decoded(tracesData.encode(tracesData.fromObject(withBytes(request))).finish());

describe('OTLP in JSON', () => {
  it('says the same as by protobufjs', () => {
    expect(read(requestOf(span, span))).toEqual(oracle(requestOf(span, span)));
    expect(read({})).toEqual({});
    expect(read({ resourceSpans: [{ scopeSpans: [{ spans: [{}] }] }, {}] })).toEqual(
      oracle({ resourceSpans: [{ scopeSpans: [{ spans: [{}] }] }, {}] }),
    );
  });

  it.each<[string, object, object]>([
    ['numbers as texts', { flags: '257', droppedAttributesCount: '1' }, { flags: 257, droppedAttributesCount: 1 }],
    [
      'texts as numbers',
      { startTimeUnixNano: 1_790_000_000_000_000_000 },
      { startTimeUnixNano: '1790000000000000000' },
    ],
    ['whole numbers as numbers', { attributes: [value({ intValue: 7 })] }, { attributes: [value({ intValue: '7' })] }],
    [
      'numbers as texts',
      { attributes: [value({ doubleValue: '1.5' })] },
      { attributes: [value({ doubleValue: 1.5 })] },
    ],
    [
      'infinity',
      { attributes: [value({ doubleValue: '-Infinity' })] },
      { attributes: [value({ doubleValue: -Infinity })] },
    ],
    ['kinds by name', { kind: 'SPAN_KIND_CONSUMER' }, { kind: 5 }],
    ['codes by name', { status: { code: 'STATUS_CODE_OK' } }, { status: { code: 1 } }],
    ['a kind of the future', { kind: 17 }, { kind: 17 }],
    ['snake_case', { start_time_unix_nano: '9', startTimeUnixNano: undefined }, { startTimeUnixNano: '9' }],
    ['unknown fields', { future: { a: [1] }, events: [{ future: 1 }] }, { events: [{}] }],
    ['null for none', { parentSpanId: null, status: null }, { parentSpanId: undefined, status: undefined }],
  ])('may have %s', (_, given, same) => {
    const wanted = { ...span, ...same };
    if (JSON.stringify(same).includes('"doubleValue":null')) {
      const infinite = read(requestOf({ ...span, ...given }));
      expect(
        JSON.stringify(infinite, (_key, item: unknown) => (item === -Infinity ? 'minus infinity' : item)),
      ).toContain('"doubleValue":"minus infinity"');
    } else expect(read(requestOf({ ...span, ...given }))).toEqual(oracle(requestOf(wanted)));
  });

  let nested: object = { stringValue: '' };
  for (let depth = 0; depth < 100; depth++) nested = { arrayValue: { values: [nested] } };
  it.each<[string, unknown]>([
    ['a list', []],
    ['a text', 'x'],
    ['null', null],
    ['a list that is none', { resourceSpans: {} }],
    ['a message that is none', { resourceSpans: [7] }],
    ['an id that is not hexadecimal', requestOf({ ...span, traceId: 'AQIDBAUGBwgJCgsMDQ4PEA==' })],
    ['an id of a half byte', requestOf({ ...span, spanId: '123' })],
    ['an id that is a number', requestOf({ ...span, spanId: 12 })],
    ['a time before 1970', requestOf({ ...span, startTimeUnixNano: -1 })],
    ['a time of 65 bits', requestOf({ ...span, startTimeUnixNano: '18446744073709551616' })],
    ['a time in words', requestOf({ ...span, startTimeUnixNano: 'now' })],
    ['half a count', requestOf({ ...span, droppedEventsCount: 0.5 })],
    ['a kind that is unknown', requestOf({ ...span, kind: 'SERVER' })],
    ['a name that is an object', requestOf({ ...span, name: {} })],
    ['bytes that are no base64', requestOf({ ...span, attributes: [value({ bytesValue: 'ä' })] })],
    ['a truth that is none', requestOf({ ...span, attributes: [value({ boolValue: 'maybe' })] })],
    ['a number that is none', requestOf({ ...span, attributes: [value({ doubleValue: 'x' })] })],
    ['arrays in arrays', requestOf({ ...span, attributes: [value(nested)] })],
  ])('is an error with %s', (_, request) => {
    expect(() => tracesFromJson(JSON.stringify(request))).toThrow(JsonTracesError);
  });

  it('is an error where it is no JSON, however deep', () => {
    expect(() => tracesFromJson('{')).toThrow(JsonTracesError);
    expect(() => tracesFromJson('['.repeat(1_000_000))).toThrow(JsonTracesError);
  });
});
