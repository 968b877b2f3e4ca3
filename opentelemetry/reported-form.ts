/**
 * A reported span as it was received: a ResourceSpans message with one span. One walk over a table of OTLP's messages
 * checks every field within it: a receiver that finds one bad byte refuses the whole request, with spans of others.
 */
import { isUtf8 } from 'node:buffer';
import { ProtobufError, ProtobufReader, wireTypes } from './protobuf-reader.ts';

/** Contents of the messages that a reported span consists of: views of its bytes. Empty where it has none. */
export interface ReportedForm {
  readonly resource: Buffer;
  readonly resourceSchemaUrl: Buffer;
  readonly scope: Buffer;
  readonly scopeSchemaUrl: Buffer;
  readonly span: Buffer;
}

/** Field numbers of opentelemetry.proto.trace.v1, of common.v1 and of resource.v1. */
export const reportedFields = {
  resourceSpans: { resource: 1, scopeSpans: 2, schemaUrl: 3 },
  scopeSpans: { scope: 1, spans: 2, schemaUrl: 3 },
  resource: { attributes: 1, droppedAttributes: 2 },
  scope: { name: 1, version: 2, attributes: 3, droppedAttributes: 4 },
  span: {
    traceId: 1,
    spanId: 2,
    traceState: 3,
    parentSpanId: 4,
    name: 5,
    kind: 6,
    startTime: 7,
    endTime: 8,
    attributes: 9,
    droppedAttributes: 10,
    events: 11,
    droppedEvents: 12,
    links: 13,
    droppedLinks: 14,
    status: 15,
    flags: 16,
  },
  event: { time: 1, name: 2, attributes: 3, droppedAttributes: 4 },
  link: { traceId: 1, spanId: 2, traceState: 3, attributes: 4, droppedAttributes: 5, flags: 6 },
  status: { message: 2, code: 3 },
  keyValue: { key: 1, value: 2 },
  anyValue: { text: 1, boolean: 2, integer: 3, double: 4, array: 5, keyValues: 6, bytes: 7 },
} as const;

/** Messages within each other, at most: Google's libraries read 100, of which a request takes one more. */
const maxDepth = 90;

type Field = 'text' | 'bytes' | 'varint' | 'fixed32' | 'fixed64' | Message;
/** By field number. A field that is not there is skipped. */
type Message = (Field | undefined)[];

/** Fields of a message that come from a table of numbers. */
function message<Name extends string>(
  numbers: Readonly<Record<Name, number>>,
  fields: Readonly<Partial<Record<Name, Field>>>,
): Message {
  const list: Message = [];
  for (const name of Object.keys(numbers) as Name[]) list[numbers[name]] = fields[name];
  return list;
}

const anyValue: Message = [];
const keyValue = message(reportedFields.keyValue, { key: 'text', value: anyValue });
const values: Message = [undefined, anyValue];
const keyValues: Message = [undefined, keyValue];
Object.assign(
  anyValue,
  message(reportedFields.anyValue, {
    text: 'text',
    boolean: 'varint',
    integer: 'varint',
    double: 'fixed64',
    array: values,
    keyValues,
    bytes: 'bytes',
  }),
);
const attributes = { attributes: keyValue, droppedAttributes: 'varint' } as const;
const span = message(reportedFields.span, {
  ...attributes,
  traceId: 'bytes',
  spanId: 'bytes',
  traceState: 'text',
  parentSpanId: 'bytes',
  name: 'text',
  kind: 'varint',
  startTime: 'fixed64',
  endTime: 'fixed64',
  events: message(reportedFields.event, { ...attributes, time: 'fixed64', name: 'text' }),
  droppedEvents: 'varint',
  links: message(reportedFields.link, {
    ...attributes,
    traceId: 'bytes',
    spanId: 'bytes',
    traceState: 'text',
    flags: 'fixed32',
  }),
  droppedLinks: 'varint',
  status: message(reportedFields.status, { message: 'text', code: 'varint' }),
  flags: 'fixed32',
});
const scopeSpans = message(reportedFields.scopeSpans, {
  scope: message(reportedFields.scope, { ...attributes, name: 'text', version: 'text' }),
  spans: span,
  schemaUrl: 'text',
});
const resourceSpans = message(reportedFields.resourceSpans, {
  resource: message(reportedFields.resource, attributes),
  scopeSpans,
  schemaUrl: 'text',
});

const wireTypeOf = {
  text: wireTypes.bytes,
  bytes: wireTypes.bytes,
  varint: wireTypes.varint,
  fixed32: wireTypes.fixed32,
  fixed64: wireTypes.fixed64,
} as const;

const reader = new ProtobufReader();

function check(fields: Message, depth: number): void {
  if (depth > maxDepth) throw new ProtobufError('messages are nested too deep');
  while (reader.next()) {
    const field = fields[reader.field];
    if (field === undefined) {
      reader.skip();
      continue;
    }
    const isMessage = typeof field !== 'string';
    if (reader.wireType !== (isMessage ? wireTypes.bytes : wireTypeOf[field]))
      throw new ProtobufError('a field has another wire type than OTLP gives it');
    if (isMessage) {
      const outer = reader.enter();
      check(field, depth + 1);
      reader.leave(outer);
    } else if (field === 'text') {
      if (!isUtf8(reader.readBytes())) throw new ProtobufError('a text is no UTF-8');
    } else reader.skip();
  }
}

const empty: Buffer = Buffer.alloc(0);

/** A message that is there several times counts as one with the fields of all. */
function joined(first: Buffer, next: Buffer): Buffer {
  return first.length === 0 ? next : Buffer.concat([first, next]);
}

/**
 * Takes a reported span apart; undefined when it is not exactly one span of well-formed OTLP.
 *
 * @param otlp the field `otlp` of a span
 */
export function readReportedForm(otlp: Uint8Array): ReportedForm | undefined {
  const bytes = Buffer.from(otlp.buffer, otlp.byteOffset, otlp.byteLength);
  try {
    reader.reset(bytes);
    check(resourceSpans, 1);
    return takeApart(bytes);
  } catch (error) {
    if (error instanceof ProtobufError) return undefined;
    throw error;
  }
}

function takeApart(bytes: Buffer): ReportedForm | undefined {
  const form: { -readonly [Name in keyof ReportedForm]: Buffer } = {
    resource: empty,
    resourceSchemaUrl: empty,
    scope: empty,
    scopeSchemaUrl: empty,
    span: empty,
  };
  let spans = 0;
  const readScopeSpans = (fields: typeof reportedFields.scopeSpans): void => {
    const end = reader.enter();
    while (reader.next()) {
      if (reader.field === fields.scope) form.scope = joined(form.scope, reader.readBytes());
      else if (reader.field === fields.schemaUrl) form.scopeSchemaUrl = reader.readBytes();
      else if (reader.field === fields.spans) {
        form.span = reader.readBytes();
        spans++;
      } else reader.skip();
    }
    reader.leave(end);
  };
  const fields = reportedFields.resourceSpans;
  reader.reset(bytes);
  while (reader.next()) {
    if (reader.field === fields.resource) form.resource = joined(form.resource, reader.readBytes());
    else if (reader.field === fields.schemaUrl) form.resourceSchemaUrl = reader.readBytes();
    else if (reader.field === fields.scopeSpans) readScopeSpans(reportedFields.scopeSpans);
    else reader.skip();
  }
  return spans === 1 ? form : undefined;
}

/** The name of an attribute: of the content of a KeyValue that was checked. */
export function attributeName(content: Buffer): string {
  let name = '';
  const ofKeyValue = new ProtobufReader(content);
  while (ofKeyValue.next())
    if (ofKeyValue.field === reportedFields.keyValue.key) name = ofKeyValue.readText();
    else ofKeyValue.skip();
  return name;
}

/** Names of the attributes of a resource that was checked. */
export function resourceAttributeNames({ resource }: ReportedForm): ReadonlySet<string> {
  const names = new Set<string>();
  const ofResource = new ProtobufReader(resource);
  while (ofResource.next())
    if (ofResource.field === reportedFields.resource.attributes) names.add(attributeName(ofResource.readBytes()));
    else ofResource.skip();
  return names;
}
