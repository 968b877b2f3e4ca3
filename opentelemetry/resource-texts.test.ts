import { describe, expect, it } from 'vitest';
import { ProtobufError, ProtobufReader } from './protobuf-reader.ts';
import { readResourceTexts } from './resource-texts.ts';
import { otlpType } from './testing/otlp-messages.ts';

const resource = otlpType('Resource');
const textsOf = (attributes: readonly object[]): Record<string, string> => {
  const bytes = resource.encode(resource.fromObject({ attributes, droppedAttributesCount: 3 })).finish();
  return Object.fromEntries(readResourceTexts(new ProtobufReader(bytes)));
};
const textOf = (value: object | undefined): string | undefined => textsOf([{ key: 'a', value }])['a'];

describe('attributes of a resource as text', () => {
  it.each<[string, object | undefined, string]>([
    ['a text', { stringValue: 'é "x"' }, 'é "x"'],
    ['a whole number', { intValue: '-9223372036854775808' }, '-9223372036854775808'],
    ['a truth', { boolValue: true }, 'true'],
    ['an untruth', { boolValue: false }, 'false'],
    ['a number', { doubleValue: 0.25 }, '0.25'],
    ['no number', { doubleValue: Number.NaN }, 'NaN'],
    ['bytes', { bytesValue: Buffer.from([1, 2, 255]) }, 'AQL/'],
    ['an array', { arrayValue: { values: [{ stringValue: 'a"' }, { intValue: 1 }, {}] } }, '["a\\"",1,null]'],
    ['a list', { kvlistValue: { values: [{ key: 'k', value: { doubleValue: Infinity } }] } }, '{"k":"Infinity"}'],
    ['an empty value', {}, ''],
    ['no value', undefined, ''],
  ])('%s', (_, value, text) => expect(textOf(value)).toBe(text));

  it('of a name that is there twice is the first', () => {
    const twice = [{ stringValue: 'first' }, { stringValue: 'second' }].map((value) => ({ key: 'a', value }));
    expect(textsOf(twice)).toEqual({ a: 'first' });
  });

  it('leaves out what is nested deeper than eight times', () => {
    let value: object = { stringValue: 'deep' };
    for (let depth = 0; depth < 30; depth++) value = { arrayValue: { values: [value] } };
    expect(textOf(value)).toBe('[[[[[[[[null]]]]]]]]');
  });

  it('is an error of bytes that are none', () => {
    expect(() => readResourceTexts(new ProtobufReader(Buffer.from([0x0a, 0x05, 0x0a])))).toThrow(ProtobufError);
  });
});
