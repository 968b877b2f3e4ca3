/**
 * What an application reported with a span, beyond the fields of a span: attributes with their types, events, links,
 * resource and scope, as plain objects. Read from `Span.otlp`, a ResourceSpans of one span, as opentelemetry-proto 1.x has it.
 */
import { ProtobufError, ProtobufReader, wireTypes } from './protobuf-reader.ts';

/** A value with its type. An int is decimal text, since it has 64 bits; bytes are base64; a double may be NaN or infinite. */
export type AttributeValue =
  | { readonly type: 'string' | 'int' | 'bytes'; readonly value: string }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'double'; readonly value: number }
  | { readonly type: 'array'; readonly value: readonly AttributeValue[] }
  | { readonly type: 'map'; readonly value: readonly Attribute[] }
  /** Without a value; `cut` stands for one that is nested too deep to be read. */
  | { readonly type: 'empty' | 'cut'; readonly value: null };

/** A value under its key. Keys of a list are different, unless an application made a mistake. */
export type Attribute = AttributeValue & { readonly key: string };

/** Attributes, and how many the application left out because of its own limits. */
interface Attributed {
  readonly attributes: readonly Attribute[];
  readonly droppedAttributesCount: number;
}

/** Something that happened during the span, such as an exception. */
export interface ReportedEvent extends Attributed {
  readonly timeNs: bigint;
  readonly name: string;
}

/** Another span that this one has to do with; ids are lower-case hex. */
export interface ReportedLink extends Attributed {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly flags: number;
}

/** Who made the span: the instrumentation library. */
export interface ReportedScope extends Attributed {
  readonly name: string;
  readonly version: string;
  readonly schemaUrl: string;
}

/** A reported span as the application described it. */
export interface ReportedDetails extends Attributed {
  readonly resource: Attributed & { readonly schemaUrl: string };
  readonly scope: ReportedScope;
  readonly name: string;
  readonly kind: SpanKind;
  readonly traceState: string;
  readonly flags: number;
  readonly status: { readonly code: StatusCode; readonly message: string };
  readonly events: readonly ReportedEvent[];
  readonly droppedEventsCount: number;
  readonly links: readonly ReportedLink[];
  readonly droppedLinksCount: number;
}

const spanKinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const statusCodes = ['unset', 'ok', 'error'] as const;
export type SpanKind = (typeof spanKinds)[number];
export type StatusCode = (typeof statusCodes)[number];

type Mutable<Value> = { -readonly [Name in keyof Value]: Value[Name] };

/** Arrays and maps within each other at most this deep. */
const maxDepth = 16;

/** Calls `read` for each field of the nested message that begins here; it says whether it read the value. */
function eachField(reader: ProtobufReader, read: (field: number, wireType: number) => boolean): void {
  const outer = reader.enter();
  eachFieldHere(reader, read);
  reader.leave(outer);
}

function eachFieldHere(reader: ProtobufReader, read: (field: number, wireType: number) => boolean): void {
  while (reader.next()) if (!read(reader.field, reader.wireType)) reader.skip();
}

function readHex(reader: ProtobufReader): string {
  const start = reader.readSpan();
  return reader.buffer.toString('hex', start, reader.position);
}

function readValue(reader: ProtobufReader, depth: number): AttributeValue {
  let value: AttributeValue = { type: 'empty', value: null };
  eachField(reader, (field, wireType) => {
    const read = valueOfField(reader, field, wireType, depth);
    if (read === undefined) return false;
    value = read;
    return true;
  });
  return value;
}

/** One of the fields of an AnyValue; undefined for what is none. */
function valueOfField(
  reader: ProtobufReader,
  field: number,
  wireType: number,
  depth: number,
): AttributeValue | undefined {
  if (wireType === wireTypes.varint) {
    if (field === 2) return { type: 'bool', value: reader.readInt64() !== 0n };
    return field === 3 ? { type: 'int', value: String(reader.readInt64()) } : undefined;
  }
  if (wireType === wireTypes.fixed64) return field === 4 ? { type: 'double', value: reader.readDouble() } : undefined;
  if (wireType !== wireTypes.bytes) return undefined;
  if (field === 1) return { type: 'string', value: reader.readText() };
  if (field === 7) return { type: 'bytes', value: reader.readBytes().toString('base64') };
  if (field !== 5 && field !== 6) return undefined;
  if (depth >= maxDepth) {
    reader.readSpan();
    return { type: 'cut', value: null };
  }
  return field === 5
    ? { type: 'array', value: readItems(reader, () => readValue(reader, depth + 1)) }
    : { type: 'map', value: readItems(reader, () => readAttribute(reader, depth + 1)) };
}

/** The repeated field 1 of a message. */
function readItems<Item>(reader: ProtobufReader, readItem: () => Item): readonly Item[] {
  const items: Item[] = [];
  eachField(reader, (field, wireType) => {
    if (field !== 1 || wireType !== wireTypes.bytes) return false;
    items.push(readItem());
    return true;
  });
  return items;
}

function readAttribute(reader: ProtobufReader, depth = 0): Attribute {
  let key = '';
  let value: AttributeValue = { type: 'empty', value: null };
  eachField(reader, (field, wireType) => {
    if (wireType !== wireTypes.bytes) return false;
    if (field === 1) key = reader.readText();
    else if (field === 2) value = readValue(reader, depth);
    else return false;
    return true;
  });
  return { key, ...value };
}

/** Attributes that are being read. */
interface AttributedDraft {
  attributes: Attribute[];
  droppedAttributesCount: number;
}

const newAttributed = (): AttributedDraft => ({ attributes: [], droppedAttributesCount: 0 });

/** Reads a field if it is that of attributes or of how many were dropped. */
function readAttributed(
  reader: ProtobufReader,
  into: AttributedDraft,
  [attributes, dropped]: readonly [number, number],
): boolean {
  const { field, wireType } = reader;
  if (field === attributes && wireType === wireTypes.bytes) into.attributes.push(readAttribute(reader));
  else if (field === dropped && wireType === wireTypes.varint) into.droppedAttributesCount = reader.readVarint32();
  else return false;
  return true;
}

function readEvent(reader: ProtobufReader): ReportedEvent {
  const event = { timeNs: 0n, name: '', ...newAttributed() };
  eachField(reader, (field, wireType) => {
    if (field === 1 && wireType === wireTypes.fixed64) event.timeNs = reader.readFixed64();
    else if (field === 2 && wireType === wireTypes.bytes) event.name = reader.readText();
    else return readAttributed(reader, event, [3, 4]);
    return true;
  });
  return event;
}

function readLink(reader: ProtobufReader): ReportedLink {
  const link = { traceId: '', spanId: '', traceState: '', flags: 0, ...newAttributed() };
  eachField(reader, (field, wireType) => {
    if (field === 6 && wireType === wireTypes.fixed32) link.flags = reader.readFixed32();
    else if (wireType !== wireTypes.bytes || field > 3) return readAttributed(reader, link, [4, 5]);
    else if (field === 1) link.traceId = readHex(reader);
    else if (field === 2) link.spanId = readHex(reader);
    else link.traceState = reader.readText();
    return true;
  });
  return link;
}

/** Details that are being read. */
interface Draft extends AttributedDraft, Mutable<Omit<ReportedDetails, keyof AttributedDraft>> {
  resource: AttributedDraft & { schemaUrl: string };
  scope: AttributedDraft & Mutable<Omit<ReportedScope, keyof AttributedDraft>>;
  events: ReportedEvent[];
  links: ReportedLink[];
}

function readStatus(reader: ProtobufReader): ReportedDetails['status'] {
  const status: Mutable<ReportedDetails['status']> = { code: 'unset', message: '' };
  eachField(reader, (field, wireType) => {
    if (field === 2 && wireType === wireTypes.bytes) status.message = reader.readText();
    else if (field === 3 && wireType === wireTypes.varint) status.code = statusCodes[reader.readVarint32()] ?? 'unset';
    else return false;
    return true;
  });
  return status;
}

function readSpan(reader: ProtobufReader, details: Draft): void {
  eachField(reader, (field, wireType) => {
    if (wireType === wireTypes.bytes) {
      if (field === 3) details.traceState = reader.readText();
      else if (field === 5) details.name = reader.readText();
      else if (field === 11) details.events.push(readEvent(reader));
      else if (field === 13) details.links.push(readLink(reader));
      else if (field === 15) details.status = readStatus(reader);
      else return readAttributed(reader, details, [9, 10]);
      return true;
    }
    if (wireType === wireTypes.fixed32 && field === 16) details.flags = reader.readFixed32();
    else if (wireType !== wireTypes.varint) return false;
    else if (field === 6) details.kind = spanKinds[reader.readVarint32()] ?? 'unspecified';
    else if (field === 12) details.droppedEventsCount = reader.readVarint32();
    else if (field === 14) details.droppedLinksCount = reader.readVarint32();
    else return readAttributed(reader, details, [9, 10]);
    return true;
  });
}

function readScope(reader: ProtobufReader, scope: Draft['scope']): void {
  eachField(reader, (field, wireType) => {
    if (field > 2 || wireType !== wireTypes.bytes) return readAttributed(reader, scope, [3, 4]);
    if (field === 1) scope.name = reader.readText();
    else scope.version = reader.readText();
    return true;
  });
}

function readScopeSpans(reader: ProtobufReader, details: Draft): void {
  eachField(reader, (field, wireType) => {
    if (wireType !== wireTypes.bytes) return false;
    if (field === 1) readScope(reader, details.scope);
    else if (field === 2) readSpan(reader, details);
    else if (field === 3) details.scope.schemaUrl = reader.readText();
    else return false;
    return true;
  });
}

const newDraft = (): Draft => ({
  resource: { ...newAttributed(), schemaUrl: '' },
  scope: { ...newAttributed(), name: '', version: '', schemaUrl: '' },
  name: '',
  kind: 'unspecified',
  traceState: '',
  flags: 0,
  status: { code: 'unset', message: '' },
  ...newAttributed(),
  events: [],
  droppedEventsCount: 0,
  links: [],
  droppedLinksCount: 0,
});

/** @param otlp `Span.otlp` @returns undefined for bytes that are none: then nothing is known but the fields of the span */
export function reportedDetails(otlp: Uint8Array): ReportedDetails | undefined {
  const reader = new ProtobufReader(otlp);
  const details = newDraft();
  try {
    eachFieldHere(reader, (field, wireType) => {
      if (wireType !== wireTypes.bytes) return false;
      if (field === 1) eachField(reader, () => readAttributed(reader, details.resource, [1, 2]));
      else if (field === 2) readScopeSpans(reader, details);
      else if (field === 3) details.resource.schemaUrl = reader.readText();
      else return false;
      return true;
    });
  } catch (error) {
    if (error instanceof ProtobufError) return undefined;
    throw error;
  }
  return details;
}
