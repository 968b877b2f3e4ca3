/**
 * OTLP in JSON (https://protobuf.dev/programming-guides/json with ids in hexadecimal) as the same request in protobuf. Names
 * may be in camelCase or snake_case, numbers may be texts and the reverse, enums numbers or names; unknown fields are passed over.
 * What the fields say is checked by check-traces.ts, as of every request.
 */
import { ProtobufWriter } from './protobuf-writer.ts';

/** JSON that is no OTLP: where, and what is wrong there. */
export class JsonTracesError extends Error {}

/** Arrays and lists are within each other at most this deep; deeper ones are refused by check-traces.ts anyway. */
const maxDepth = 64;

type JsonObject = Readonly<Record<string, unknown>>;

const writer = new ProtobufWriter();

/** An ExportTraceServiceRequest in protobuf. @throws JsonTracesError */
export function tracesFromJson(text: string): Buffer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new JsonTracesError(`it is no JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  writer.reset();
  each(objectOf(json, 'the request'), 'resourceSpans', (item) => message(0x0a, item, writeResourceSpans));
  return writer.take();
}

function writeResourceSpans(object: JsonObject): void {
  one(object, 'resource', (item) =>
    message(0x0a, item, (resource) => {
      each(resource, 'attributes', (attribute) => keyValue(0x0a, attribute, 0));
      count(resource, 'droppedAttributesCount', 0x10);
    }),
  );
  each(object, 'scopeSpans', (item) =>
    message(0x12, item, (scopeSpans) => {
      one(scopeSpans, 'scope', (scope) => message(0x0a, scope, writeScope));
      each(scopeSpans, 'spans', (span) => message(0x12, span, writeSpan));
      text(scopeSpans, 'schemaUrl', 0x1a);
    }),
  );
  text(object, 'schemaUrl', 0x1a);
}

function writeScope(scope: JsonObject): void {
  text(scope, 'name', 0x0a);
  text(scope, 'version', 0x12);
  each(scope, 'attributes', (attribute) => keyValue(0x1a, attribute, 0));
  count(scope, 'droppedAttributesCount', 0x20);
}

const kinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map(
  (kind) => `SPAN_KIND_${kind}`,
);
const statusCodes = ['UNSET', 'OK', 'ERROR'].map((code) => `STATUS_CODE_${code}`);

function writeSpan(span: JsonObject): void {
  id(span, 'traceId', 0x0a);
  id(span, 'spanId', 0x12);
  text(span, 'traceState', 0x1a);
  id(span, 'parentSpanId', 0x22);
  text(span, 'name', 0x2a);
  enumeration(span, 'kind', 0x30, kinds);
  time(span, 'startTimeUnixNano', 0x39);
  time(span, 'endTimeUnixNano', 0x41);
  each(span, 'attributes', (attribute) => keyValue(0x4a, attribute, 0));
  count(span, 'droppedAttributesCount', 0x50);
  each(span, 'events', (item) =>
    message(0x5a, item, (event) => {
      time(event, 'timeUnixNano', 0x09);
      text(event, 'name', 0x12);
      each(event, 'attributes', (attribute) => keyValue(0x1a, attribute, 0));
      count(event, 'droppedAttributesCount', 0x20);
    }),
  );
  count(span, 'droppedEventsCount', 0x60);
  each(span, 'links', (item) => message(0x6a, item, writeLink));
  count(span, 'droppedLinksCount', 0x70);
  one(span, 'status', (item) =>
    message(0x7a, item, (status) => {
      text(status, 'message', 0x12);
      enumeration(status, 'code', 0x18, statusCodes);
    }),
  );
  // Field 16 has a tag of two bytes.
  flags(span, [0x85, 0x01]);
}

function writeLink(link: JsonObject): void {
  id(link, 'traceId', 0x0a);
  id(link, 'spanId', 0x12);
  text(link, 'traceState', 0x1a);
  each(link, 'attributes', (attribute) => keyValue(0x22, attribute, 0));
  count(link, 'droppedAttributesCount', 0x28);
  flags(link, [0x35]);
}

function keyValue(tag: number, json: unknown, depth: number): void {
  message(tag, json, (object) => {
    text(object, 'key', 0x0a);
    one(object, 'value', (value) => anyValue(0x12, value, depth));
  });
}

function anyValue(tag: number, json: unknown, depth: number): void {
  if (depth > maxDepth) throw new JsonTracesError(`arrays or lists are nested deeper than ${maxDepth} times`);
  message(tag, json, (value) => {
    one(value, 'stringValue', (item) => {
      writer.writeByte(0x0a);
      writer.writeText(textOf(item, 'stringValue'));
    });
    one(value, 'boolValue', (item) => {
      writer.writeByte(0x10);
      writer.writeByte(truthOf(item) ? 1 : 0);
    });
    one(value, 'intValue', (item) => {
      writer.writeByte(0x18);
      varint(wholeOf(item, 'intValue', -(2n ** 63n), 2n ** 63n - 1n));
    });
    one(value, 'doubleValue', (item) => {
      writer.writeByte(0x21);
      writer.writeDouble(doubleOf(item));
    });
    one(value, 'arrayValue', (item) =>
      message(0x2a, item, (array) => each(array, 'values', (element) => anyValue(0x0a, element, depth + 1))),
    );
    one(value, 'kvlistValue', (item) =>
      message(0x32, item, (list) => each(list, 'values', (entry) => keyValue(0x0a, entry, depth + 1))),
    );
    one(value, 'bytesValue', (item) => {
      const bytes = base64Of(item);
      writer.writeByte(0x3a);
      writer.writeVarint(bytes.length);
      writer.writeRaw(bytes);
    });
  });
}

function message(tag: number, json: unknown, write: (object: JsonObject) => void): void {
  const object = objectOf(json, 'a message');
  writer.writeByte(tag);
  const content = writer.open(2);
  write(object);
  writer.close(content, 2);
}

/** A field under its name in camelCase, or else in snake_case; undefined for none and for null. */
function fieldOf(object: JsonObject, name: string): unknown {
  const value = object[name] ?? object[snakeCase(name)];
  return value ?? undefined;
}

const snakeNames = new Map<string, string>();

function snakeCase(name: string): string {
  let snake = snakeNames.get(name);
  if (snake === undefined) {
    snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    snakeNames.set(name, snake);
  }
  return snake;
}

function one(object: JsonObject, name: string, write: (value: unknown) => void): void {
  const value = fieldOf(object, name);
  if (value !== undefined) write(value);
}

function each(object: JsonObject, name: string, write: (item: unknown) => void): void {
  const list = fieldOf(object, name);
  if (list === undefined) return;
  if (!Array.isArray(list)) throw new JsonTracesError(`${name} is not a list`);
  for (const item of list) write(item);
}

function text(object: JsonObject, name: string, tag: number): void {
  const value = fieldOf(object, name);
  if (value === undefined || value === '') return;
  writer.writeByte(tag);
  writer.writeText(textOf(value, name));
}

/** Hexadecimal digits. How many there must be, check-traces.ts says. */
function id(object: JsonObject, name: string, tag: number): void {
  const value = fieldOf(object, name);
  if (value === undefined || value === '') return;
  if (typeof value !== 'string' || !/^(?:[0-9a-fA-F]{2}){1,64}$/.test(value))
    throw new JsonTracesError(`${name} is not hexadecimal: ${shown(value)}`);
  writer.writeByte(tag);
  writer.writeHex(value);
}

function time(object: JsonObject, name: string, tag: number): void {
  const value = fieldOf(object, name);
  if (value === undefined) return;
  writer.writeByte(tag);
  writer.writeFixed64(wholeOf(value, name, 0n, 2n ** 64n - 1n));
}

function count(object: JsonObject, name: string, tag: number): void {
  const value = fieldOf(object, name);
  if (value === undefined) return;
  writer.writeByte(tag);
  varint(wholeOf(value, name, 0n, 2n ** 32n - 1n));
}

function flags(object: JsonObject, tag: readonly number[]): void {
  const value = fieldOf(object, 'flags');
  if (value === undefined) return;
  const number = Number(wholeOf(value, 'flags', 0n, 2n ** 32n - 1n));
  for (const byte of tag) writer.writeByte(byte);
  for (let shift = 0; shift < 32; shift += 8) writer.writeByte((number >>> shift) & 0xff);
}

function enumeration(object: JsonObject, name: string, tag: number, names: readonly string[]): void {
  const value = fieldOf(object, name);
  if (value === undefined) return;
  const known = typeof value === 'string' ? names.indexOf(value) : -1;
  writer.writeByte(tag);
  varint(known >= 0 ? BigInt(known) : wholeOf(value, name, -(2n ** 31n), 2n ** 31n - 1n));
}

function varint(value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    writer.writeByte(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  writer.writeByte(Number(rest));
}

function objectOf(json: unknown, what: string): JsonObject {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new JsonTracesError(`${what} is not an object: ${shown(json)}`);
  return json as JsonObject;
}

function textOf(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new JsonTracesError(`${name} is not a text: ${shown(value)}`);
}

function truthOf(value: unknown): boolean {
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw new JsonTracesError(`boolValue is neither true nor false: ${shown(value)}`);
}

function wholeOf(value: unknown, name: string, minimum: bigint, maximum: bigint): bigint {
  const isWhole =
    typeof value === 'number' ? Number.isInteger(value) : typeof value === 'string' && /^-?\d{1,20}$/.test(value);
  const whole = isWhole ? BigInt(value as number | string) : undefined;
  if (whole === undefined || whole < minimum || whole > maximum)
    throw new JsonTracesError(`${name} is not a whole number within its bounds: ${shown(value)}`);
  return whole;
}

function doubleOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return Number.NaN;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  if (Number.isNaN(number)) throw new JsonTracesError(`doubleValue is not a number: ${shown(value)}`);
  return number;
}

function base64Of(value: unknown): Buffer {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value))
    throw new JsonTracesError(`bytesValue is not base64: ${shown(value)}`);
  return Buffer.from(value, 'base64');
}

const shown = (value: unknown): string => JSON.stringify(value).slice(0, 60);
