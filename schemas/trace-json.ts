/**
 * Trace records as JSON and back. The schema leads: keys are its names in its order, so equal traces give equal text.
 * Unix times (64-bit nanoseconds) are decimal strings, which a double could not hold; addresses are text, other bytes are base64.
 */
import { schemas } from './generated/schemas.ts';
import type { Span } from './generated/span.ts';
import type { Trace } from './generated/trace.ts';

/** A value that JSON.stringify takes as it is. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** Names for people that go with a span; they are no part of the record. */
export interface SpanNames {
  /** The service on whose side the span was seen. */
  readonly serviceName: string;
  readonly clientServiceName?: string;
  readonly serverServiceName?: string;
  readonly clientNames?: SideNames;
  readonly serverNames?: SideNames;
}

/** Names of the resources that one side is tagged with, by kind; beside them `auto_instance` and `auto_service`. */
export type SideNames = Readonly<Record<string, string>>;

type Shape =
  | { readonly kind: 'plain' | 'time' | 'address' | 'bytes' }
  | { readonly kind: 'array'; readonly item: Shape }
  | { readonly kind: 'record'; readonly fields: readonly Field[] };

interface Field {
  readonly name: string;
  readonly property: string;
  readonly shape: Shape;
}

type AvroType = string | { readonly type: AvroType; readonly [key: string]: unknown };
interface AvroField {
  readonly name: string;
  readonly type: AvroType;
  readonly js?: string;
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

const plain: Shape = { kind: 'plain' };

function shapeOf(type: AvroType, named: Map<string, Shape>): Shape {
  if (typeof type === 'string') return type === 'bytes' ? { kind: 'address' } : (named.get(type) ?? plain);
  if (type.type === 'array') return { kind: 'array', item: shapeOf(type['items'] as AvroType, named) };
  if (type.type !== 'record') return plain;
  const fields = (type['fields'] as readonly AvroField[]).map((field) => ({
    name: field.name,
    property: camelCase(field.name),
    shape: fieldShape(field, named),
  }));
  const shape: Shape = { kind: 'record', fields };
  named.set(String(type['name']), shape);
  named.set(`io.spanloom.${String(type['name'])}`, shape);
  return shape;
}

function fieldShape({ name, type, js }: AvroField, named: Map<string, Shape>): Shape {
  if (js === 'bigint') return { kind: 'time' };
  // The one field of bytes that is no address.
  return name === 'otlp' ? { kind: 'bytes' } : shapeOf(type, named);
}

const namedShapes = new Map<string, Shape>();
const traceShape = shapeOf(JSON.parse(schemas.Trace.text) as AvroType, namedShapes);
const spanShape = namedShapes.get('Span')!;

function encode(value: unknown, shape: Shape): JsonValue {
  switch (shape.kind) {
    case 'plain':
      return value as JsonValue;
    case 'time':
      return String(value);
    case 'address':
      return addressText(value as Uint8Array);
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'array':
      return (value as readonly unknown[]).map((item) => encode(item, shape.item));
    case 'record': {
      const record = value as Readonly<Record<string, unknown>>;
      const object: Record<string, JsonValue> = {};
      for (const field of shape.fields) object[field.name] = encode(record[field.property], field.shape);
      return object;
    }
  }
}

function decode(value: unknown, shape: Shape, path: string): unknown {
  switch (shape.kind) {
    case 'plain':
      if (value === undefined) throw new TypeError(`${path} is missing`);
      return value;
    case 'time':
      if (typeof value !== 'string' || !/^-?\d+$/.test(value)) throw new TypeError(`${path} is no decimal string`);
      return BigInt(value);
    case 'address':
      if (typeof value !== 'string') throw new TypeError(`${path} is no address`);
      return addressBytes(value);
    case 'bytes':
      if (typeof value !== 'string') throw new TypeError(`${path} is no text in base64`);
      return Buffer.from(value, 'base64');
    case 'array':
      if (!Array.isArray(value)) throw new TypeError(`${path} is no array`);
      return value.map((item, index) => decode(item, shape.item, `${path}[${index}]`));
    case 'record': {
      if (typeof value !== 'object' || value === null) throw new TypeError(`${path} is no object`);
      const object = value as Readonly<Record<string, unknown>>;
      return Object.fromEntries(
        shape.fields.map(({ name, property, shape: inner }) => [
          property,
          decode(object[name], inner, `${path}.${name}`),
        ]),
      );
    }
  }
}

/** A span with the names of its schema; names for people, where given, come last. */
export function spanToJson(span: Span, names?: SpanNames): JsonObject {
  const object = encode(span, spanShape) as JsonObject;
  if (names === undefined) return object;
  return {
    ...object,
    service_name: names.serviceName,
    ...(names.clientServiceName === undefined ? {} : { client_service_name: names.clientServiceName }),
    ...(names.serverServiceName === undefined ? {} : { server_service_name: names.serverServiceName }),
    ...(names.clientNames === undefined ? {} : { client_names: names.clientNames }),
    ...(names.serverNames === undefined ? {} : { server_names: names.serverNames }),
  };
}

/** A trace with the names of its schema. @param namesOf adds names for people to each span */
export function traceToJson(trace: Trace, namesOf?: (span: Span) => SpanNames): JsonObject {
  const object = encode({ ...trace, spans: [] }, traceShape) as JsonObject;
  return { ...object, spans: trace.spans.map((span) => spanToJson(span, namesOf?.(span))) };
}

/** The record that {@link traceToJson} was given. @throws TypeError that names what is missing or of the wrong kind */
export function traceFromJson(value: unknown): Trace {
  return decode(value, traceShape, 'trace') as Trace;
}

const mappedPrefix = '00000000000000000000ffff';

/**
 * An address of 4 or 16 bytes as text: dotted for IPv4, also when mapped into IPv6; shortened as RFC 5952 wants for
 * IPv6; the path of a Unix socket; empty for no address and for the unspecified one.
 */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return pathText(bytes);
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('hex');
  if (hex.startsWith(mappedPrefix)) return bytes.subarray(12).join('.');
  const groups = hex.match(/.{4}/g)!.map((group) => group.replace(/^0{1,3}/, ''));
  // The longest run of two or more zero groups, the first of equal ones.
  let [start, length] = [-1, 1];
  for (let index = 0; index < 8; index++) {
    let end = index;
    while (groups[end] === '0') end++;
    if (end - index > length) [start, length] = [index, end - index];
    index = Math.max(index, end);
  }
  if (length === 8) return '';
  if (start < 0) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** `/` of a path, `@` of an abstract name, `.` of a relative path. */
const pathStarts: ReadonlySet<number> = new Set([0x2f, 0x40, 0x2e]);

/** The path of a Unix socket; empty for what is none. */
function pathText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return end > 0 && pathStarts.has(bytes[0]!) ? Buffer.from(bytes.buffer, bytes.byteOffset, end).toString() : '';
}

/** A path ended by zeros: two where one would make it as long as an address of the internet. */
function pathBytes(path: string): Uint8Array {
  const { length } = Buffer.from(`${path}\0`);
  return Buffer.from(`${path}${length === 4 || length === 16 ? '\0\0' : '\0'}`);
}

/** The bytes of what {@link addressText} wrote; none for the empty text. @throws TypeError for anything else */
export function addressBytes(text: string): Uint8Array {
  if (text === '') return new Uint8Array(0);
  if (pathStarts.has(text.charCodeAt(0))) return pathBytes(text);
  if (/^\d+(?:\.\d+){3}$/.test(text)) {
    const bytes = text.split('.').map(Number);
    if (bytes.every((byte) => byte < 256)) return Uint8Array.from(bytes);
  }
  const [head, tail, ...more] = text.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const missing = 8 - head!.length - (tail?.length ?? 0);
  const groups = tail === undefined ? head! : [...head!, ...new Array<string>(Math.max(missing, 0)).fill('0'), ...tail];
  if (more.length > 0 || groups.length !== 8 || !groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)))
    throw new TypeError(`"${text}" is no address`);
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
