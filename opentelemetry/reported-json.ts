/**
 * Fields of a reported span in OTLP's JSON: names in camelCase, ids in hexadecimal, 64-bit numbers as text, bytes in base64,
 * enums as numbers; what has its default is left out.
 */
import { attributeName, reportedFields as fields } from './reported-form.ts';
import { ProtobufReader } from './protobuf-reader.ts';

/** A value of any type. Without a field it is a null. */
export interface JsonAnyValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  doubleValue?: number | string;
  arrayValue?: { readonly values?: readonly JsonAnyValue[] };
  kvlistValue?: { readonly values?: readonly JsonKeyValue[] };
  bytesValue?: string;
}

export interface JsonKeyValue {
  readonly key: string;
  readonly value: JsonAnyValue;
}

export interface JsonEvent {
  timeUnixNano?: string;
  name?: string;
  attributes?: JsonKeyValue[];
  droppedAttributesCount?: number;
}

export interface JsonLink {
  traceId?: string;
  spanId?: string;
  traceState?: string;
  attributes?: JsonKeyValue[];
  droppedAttributesCount?: number;
  flags?: number;
}

export interface JsonStatus {
  message?: string;
  code?: number;
}

/** What a span says of itself. Its ids and parent are those that it has in its trace. */
export interface JsonReportedSpan {
  traceState?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: JsonKeyValue[];
  droppedAttributesCount?: number;
  events?: JsonEvent[];
  droppedEventsCount?: number;
  links?: JsonLink[];
  droppedLinksCount?: number;
  status: JsonStatus;
  flags?: number;
}

export interface JsonResource {
  readonly attributes: JsonKeyValue[];
  droppedAttributesCount?: number;
}

export interface JsonScope {
  name: string;
  version?: string;
  attributes?: JsonKeyValue[];
  droppedAttributesCount?: number;
}

/** Calls `read` at each field; it returns false for one that it does not know. */
function eachField(bytes: Buffer, read: (reader: ProtobufReader) => boolean): void {
  const reader = new ProtobufReader(bytes);
  while (reader.next()) if (!read(reader)) reader.skip();
}

function doubleOf(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function listOf<Item>(bytes: Buffer, toItem: (content: Buffer) => Item): { readonly values?: readonly Item[] } {
  const items: Item[] = [];
  eachField(bytes, (reader) => {
    if (reader.field !== 1) return false;
    items.push(toItem(reader.readBytes()));
    return true;
  });
  return items.length === 0 ? {} : { values: items };
}

function anyValueOf(reader: ProtobufReader, before: JsonAnyValue): JsonAnyValue {
  const { anyValue } = fields;
  switch (reader.field) {
    case anyValue.text:
      return { stringValue: reader.readText() };
    case anyValue.boolean:
      return { boolValue: reader.readInt64() !== 0n };
    case anyValue.integer:
      return { intValue: String(reader.readInt64()) };
    case anyValue.double:
      return { doubleValue: doubleOf(reader.readDouble()) };
    case anyValue.array:
      return { arrayValue: listOf(reader.readBytes(), jsonAnyValue) };
    case anyValue.keyValues:
      return { kvlistValue: listOf(reader.readBytes(), jsonKeyValue) };
    case anyValue.bytes:
      return { bytesValue: reader.readBytes().toString('base64') };
    default:
      reader.skip();
      return before;
  }
}

/** One of several fields: the last counts. */
function jsonAnyValue(bytes: Buffer): JsonAnyValue {
  let value: JsonAnyValue = {};
  eachField(bytes, (reader) => {
    value = anyValueOf(reader, value);
    return true;
  });
  return value;
}

/** An attribute of the content of a KeyValue. */
export function jsonKeyValue(bytes: Buffer): JsonKeyValue {
  let value: JsonAnyValue = {};
  eachField(bytes, (reader) => {
    if (reader.field !== fields.keyValue.value) return false;
    value = jsonAnyValue(reader.readBytes());
    return true;
  });
  return { key: attributeName(bytes), value };
}

function jsonEvent(bytes: Buffer): JsonEvent {
  const event: JsonEvent = {};
  eachField(bytes, (reader) => {
    switch (reader.field) {
      case fields.event.time:
        return setUnlessDefault(event, 'timeUnixNano', String(reader.readFixed64()), '0');
      case fields.event.name:
        return setUnlessDefault(event, 'name', reader.readText(), '');
      case fields.event.attributes:
        (event.attributes ??= []).push(jsonKeyValue(reader.readBytes()));
        return true;
      case fields.event.droppedAttributes:
        return setUnlessDefault(event, 'droppedAttributesCount', reader.readVarint32(), 0);
      default:
        return false;
    }
  });
  return event;
}

function jsonLink(bytes: Buffer): JsonLink {
  const link: JsonLink = {};
  eachField(bytes, (reader) => {
    switch (reader.field) {
      case fields.link.traceId:
        return setUnlessDefault(link, 'traceId', reader.readBytes().toString('hex'), '');
      case fields.link.spanId:
        return setUnlessDefault(link, 'spanId', reader.readBytes().toString('hex'), '');
      case fields.link.traceState:
        return setUnlessDefault(link, 'traceState', reader.readText(), '');
      case fields.link.attributes:
        (link.attributes ??= []).push(jsonKeyValue(reader.readBytes()));
        return true;
      case fields.link.droppedAttributes:
        return setUnlessDefault(link, 'droppedAttributesCount', reader.readVarint32(), 0);
      case fields.link.flags:
        return setUnlessDefault(link, 'flags', reader.readFixed32(), 0);
      default:
        return false;
    }
  });
  return link;
}

function readStatus(bytes: Buffer, status: JsonStatus): true {
  eachField(bytes, (reader) => {
    if (reader.field === fields.status.message) return setUnlessDefault(status, 'message', reader.readText(), '');
    if (reader.field === fields.status.code) return setUnlessDefault(status, 'code', enumOf(reader), 0);
    return false;
  });
  return true;
}

/** Enums are int32. */
function enumOf(reader: ProtobufReader): number {
  return reader.readVarint32() | 0;
}

/** What is there twice counts as its last. */
function setUnlessDefault<Target extends object, Name extends keyof Target>(
  target: Target,
  name: Name,
  value: NonNullable<Target[Name]>,
  fallback: Target[Name],
): true {
  if (value === fallback) Reflect.deleteProperty(target, name);
  else target[name] = value;
  return true;
}

/** @param without names of attributes that are left out, since others are written under them */
export function jsonReportedSpan(bytes: Buffer, without: ReadonlySet<string>): JsonReportedSpan {
  const span: JsonReportedSpan = {
    name: '',
    kind: 0,
    startTimeUnixNano: '0',
    endTimeUnixNano: '0',
    attributes: [],
    status: {},
  };
  eachField(bytes, (reader) => readSpanField(reader, span, without) || readListField(reader, span));
  return span;
}

function readSpanField(reader: ProtobufReader, span: JsonReportedSpan, without: ReadonlySet<string>): boolean {
  switch (reader.field) {
    case fields.span.traceState:
      return setUnlessDefault(span, 'traceState', reader.readText(), '');
    case fields.span.name:
      span.name = reader.readText();
      return true;
    case fields.span.kind:
      span.kind = enumOf(reader);
      return true;
    case fields.span.startTime:
      span.startTimeUnixNano = String(reader.readFixed64());
      return true;
    case fields.span.endTime:
      span.endTimeUnixNano = String(reader.readFixed64());
      return true;
    case fields.span.attributes: {
      const attribute = jsonKeyValue(reader.readBytes());
      if (!without.has(attribute.key)) span.attributes.push(attribute);
      return true;
    }
    case fields.span.status:
      return readStatus(reader.readBytes(), span.status);
    case fields.span.flags:
      return setUnlessDefault(span, 'flags', reader.readFixed32(), 0);
    default:
      return false;
  }
}

function readListField(reader: ProtobufReader, span: JsonReportedSpan): boolean {
  switch (reader.field) {
    case fields.span.droppedAttributes:
      return setUnlessDefault(span, 'droppedAttributesCount', reader.readVarint32(), 0);
    case fields.span.events:
      (span.events ??= []).push(jsonEvent(reader.readBytes()));
      return true;
    case fields.span.droppedEvents:
      return setUnlessDefault(span, 'droppedEventsCount', reader.readVarint32(), 0);
    case fields.span.links:
      (span.links ??= []).push(jsonLink(reader.readBytes()));
      return true;
    case fields.span.droppedLinks:
      return setUnlessDefault(span, 'droppedLinksCount', reader.readVarint32(), 0);
    default:
      return false;
  }
}

export function jsonResource(bytes: Buffer): JsonResource {
  const resource: JsonResource = { attributes: [] };
  eachField(bytes, (reader) => {
    if (reader.field === fields.resource.droppedAttributes)
      return setUnlessDefault(resource, 'droppedAttributesCount', reader.readVarint32(), 0);
    if (reader.field !== fields.resource.attributes) return false;
    resource.attributes.push(jsonKeyValue(reader.readBytes()));
    return true;
  });
  return resource;
}

export function jsonScope(bytes: Buffer): JsonScope {
  const scope: JsonScope = { name: '' };
  eachField(bytes, (reader) => {
    switch (reader.field) {
      case fields.scope.name:
        scope.name = reader.readText();
        return true;
      case fields.scope.version:
        return setUnlessDefault(scope, 'version', reader.readText(), '');
      case fields.scope.attributes:
        (scope.attributes ??= []).push(jsonKeyValue(reader.readBytes()));
        return true;
      case fields.scope.droppedAttributes:
        return setUnlessDefault(scope, 'droppedAttributesCount', reader.readVarint32(), 0);
      default:
        return false;
    }
  });
  return scope;
}
