/**
 * Values of attributes as text, as the ClickHouse exporter of the OpenTelemetry Collector writes them into its maps
 * (pcommon.Value.AsString): a text as it is, numbers and booleans as JSON has them, bytes as base64, arrays and maps as JSON
 * with keys in order.
 */
import type { Attribute, AttributeValue } from './reported-details.ts';

/** A value as text. */
export function attributeText(value: AttributeValue): string {
  switch (value.type) {
    case 'string':
    case 'int':
    case 'bytes':
      return value.value;
    case 'bool':
      return String(value.value);
    case 'double':
      return doubleText(value.value);
    case 'array':
    case 'map':
      return jsonText(value);
    case 'empty':
    case 'cut':
      return '';
  }
}

function doubleText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

function jsonText(value: AttributeValue): string {
  switch (value.type) {
    case 'string':
    case 'bytes':
      return quoted(value.value);
    case 'int':
    case 'bool':
      return String(value.value);
    case 'double':
      return Number.isFinite(value.value) ? doubleText(value.value) : quoted(doubleText(value.value));
    case 'array':
      return `[${value.value.map(jsonText).join(',')}]`;
    case 'map':
      return `{${[...lastByKey(value.value)]
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([key, item]) => `${quoted(key)}:${jsonText(item)}`)
        .join(',')}}`;
    case 'empty':
    case 'cut':
      return 'null';
  }
}

/** As Go writes it: what has a meaning in HTML, and the two separators of lines, by their numbers. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Of a key that is there twice, the last value. */
export function lastByKey(attributes: readonly Attribute[]): ReadonlyMap<string, AttributeValue> {
  return new Map(attributes.map((attribute) => [attribute.key, attribute]));
}
