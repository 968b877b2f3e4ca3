/**
 * Reads the spans of a ResourceSpans as applications send it (OTLP), one after another, in place: what is asked of a span comes
 * as it is asked, and what nobody asks for costs a look at its tag. Each span is also copied out as a ResourceSpans of its
 * own: the fields around it (resource, scope, schema urls) and its bytes stay as they are, with fields that are unknown here.
 *
 * A message whose frame is damaged throws; a span that is damaged within its frame is refused, and the next one is read.
 */
import { AttributePicker, boundedText } from './attribute-picker.ts';
import { ProtobufError, ProtobufReader, wireTypes } from './protobuf-reader.ts';
import { spanAttributes } from './reported-attributes.ts';
import { readResourceTexts } from './resource-texts.ts';

/** Fields of opentelemetry.proto.trace.v1. */
const resourceSpansFields = { resource: 1, scopeSpans: 2 } as const;
const scopeSpansFields = { spans: 2 } as const;
const spanFields = {
  ...{ traceId: 1, spanId: 2, parentSpanId: 4, name: 5, kind: 6, startTime: 7, endTime: 8 },
  ...{ attributes: 9, events: 11, status: 15 },
} as const;
const eventFields = { name: 2, attributes: 3 } as const;
const statusFields = { message: 2, code: 3 } as const;

const nestedTag = (2 << 3) | wireTypes.bytes;
const traceIdBytes = 16;
const spanIdBytes = 8;
const exceptionName = Buffer.from('exception');
const exceptionAttributes = { type: 'exception.type', message: 'exception.message' } as const;

/** How many spans a ResourceSpans has. @throws ProtobufError when it is none */
export function countReportedSpans(resourceSpans: Uint8Array): number {
  const reader = new ProtobufReader(resourceSpans);
  let count = 0;
  while (reader.next()) {
    if (!isNested(reader, resourceSpansFields.scopeSpans)) {
      reader.skip();
      continue;
    }
    const outer = reader.enter();
    while (reader.next()) {
      if (isNested(reader, scopeSpansFields.spans)) count++;
      reader.skip();
    }
    reader.leave(outer);
  }
  return count;
}

/** What a reader calls for the spans of a message. */
export interface ReportedSpanListener {
  /** The next span; its values are those of the reader, until it reads on. */
  take(): void;
  /** A span that cannot be read, or has no ids. */
  refuse(): void;
}

/** Reads one message after another; see the top of the file. */
export class ReportedSpanReader {
  /** Attributes of the resource of the message that is being read. */
  readonly resource = new Map<string, string>();
  /** Attributes of the span that was read last. */
  readonly attributes: AttributePicker<keyof typeof spanAttributes>;
  /** Of a span, 32 lower-case digits. */
  traceId = '';
  /** 16 lower-case digits. */
  spanId = '';
  /** 16 lower-case digits; empty for a root. */
  parentSpanId = '';
  /** SpanKind of OpenTelemetry, 0 to 5. */
  kind = 0;
  startTimeNs = 0n;
  endTimeNs = 0n;
  /** StatusCode of OpenTelemetry: 2 is an error. */
  statusCode = 0;
  readonly #reader = new ProtobufReader();
  readonly #exception: AttributePicker<keyof typeof exceptionAttributes>;
  /** Fields around the spans, of the message and of the scope that is being read. */
  readonly #around = new CopiedFields();
  readonly #inScope = new CopiedFields();
  #isResourceReadable = true;
  /** Where things of the last span are; an end of 0 where there are none. */
  #spanStart = 0;
  #spanEnd = 0;
  #nameStart = 0;
  #nameEnd = 0;
  #messageStart = 0;
  #messageEnd = 0;
  #exceptionStart = 0;
  #exceptionEnd = 0;

  constructor() {
    this.attributes = new AttributePicker(spanAttributes, this.#reader);
    this.#exception = new AttributePicker(exceptionAttributes, this.#reader);
  }

  /**
   * Reads all spans of a message.
   *
   * @throws ProtobufError when the frame around the spans is damaged
   */
  read(resourceSpans: Uint8Array, listener: ReportedSpanListener): void {
    try {
      this.#read(new ProtobufReader(resourceSpans).buffer, listener);
    } finally {
      // The message may be large, and the next one may be long in coming.
      this.#reader.reset(noBytes);
    }
  }

  /** The name of the span, at most so many bytes of it. */
  name(maxBytes: number): string {
    return boundedText(this.#reader.buffer, this.#nameStart, this.#nameEnd, maxBytes);
  }

  /** The message of its status, else type and message of the last exception among its events. */
  exception(maxBytes: number): string {
    const { buffer } = this.#reader;
    if (this.#messageEnd > this.#messageStart)
      return boundedText(buffer, this.#messageStart, this.#messageEnd, maxBytes);
    if (this.#exceptionEnd === 0) return '';
    const type = this.#exception.text('type', maxBytes);
    const message = this.#exception.text('message', Math.max(0, maxBytes - type.length - 2));
    return type === '' || message === '' ? type || message : `${type}: ${message}`;
  }

  /** Bytes of {@link copy}. */
  get copiedBytes(): number {
    const inScope = this.#bytesInScope();
    return this.#around.length + framed(inScope);
  }

  /** A ResourceSpans with this span alone. */
  copy(): Buffer {
    const copied = Buffer.allocUnsafe(this.copiedBytes);
    let at = this.#around.copyTo(copied, 0);
    at = putFrame(copied, at, this.#bytesInScope());
    at = this.#inScope.copyTo(copied, at);
    at = putFrame(copied, at, this.#spanEnd - this.#spanStart);
    this.#reader.buffer.copy(copied, at, this.#spanStart, this.#spanEnd);
    return copied;
  }

  #bytesInScope(): number {
    return this.#inScope.length + framed(this.#spanEnd - this.#spanStart);
  }

  #read(resourceSpans: Buffer, listener: ReportedSpanListener): void {
    const reader = this.#reader;
    reader.reset(resourceSpans);
    this.#around.clear();
    this.resource.clear();
    this.#isResourceReadable = true;
    const scopes: number[] = [];
    for (let at = 0; reader.next(); at = reader.position)
      if (isNested(reader, resourceSpansFields.scopeSpans)) {
        scopes.push(reader.readSpan(), reader.position);
      } else {
        if (isNested(reader, resourceSpansFields.resource)) this.#readResource();
        else reader.skip();
        this.#around.add(resourceSpans, at, reader.position);
      }
    for (let index = 0; index < scopes.length; index += 2)
      this.#readScope(resourceSpans, scopes[index]!, scopes[index + 1]!, listener);
  }

  #readResource(): void {
    const reader = this.#reader;
    const outer = reader.enter();
    const { end } = reader;
    try {
      // A field that is there twice is one message in two parts.
      for (const [key, text] of readResourceTexts(reader)) if (!this.resource.has(key)) this.resource.set(key, text);
    } catch (error) {
      if (!(error instanceof ProtobufError)) throw error;
      this.#isResourceReadable = false;
      // The reader stands somewhere within.
      reader.end = end;
    }
    reader.leave(outer);
  }

  #readScope(buffer: Buffer, start: number, end: number, listener: ReportedSpanListener): void {
    const reader = this.#reader;
    reader.reset(buffer, start, end);
    this.#inScope.clear();
    const spans: number[] = [];
    for (let at = start; reader.next(); at = reader.position)
      if (isNested(reader, scopeSpansFields.spans)) spans.push(reader.readSpan(), reader.position);
      else {
        reader.skip();
        this.#inScope.add(buffer, at, reader.position);
      }
    for (let index = 0; index < spans.length; index += 2)
      if (this.#isResourceReadable && this.#canReadSpan(buffer, spans[index]!, spans[index + 1]!)) listener.take();
      else listener.refuse();
  }

  #canReadSpan(buffer: Buffer, start: number, end: number): boolean {
    this.#reader.reset(buffer, start, end);
    this.#spanStart = start;
    this.#spanEnd = end;
    try {
      this.#readSpan();
    } catch (error) {
      if (!(error instanceof ProtobufError)) throw error;
      return false;
    }
    return this.traceId !== '' && this.spanId !== '';
  }

  #clear(): void {
    this.attributes.clear();
    this.traceId = this.spanId = this.parentSpanId = '';
    this.kind = this.statusCode = 0;
    this.startTimeNs = this.endTimeNs = 0n;
    this.#nameStart = this.#nameEnd = this.#messageStart = this.#messageEnd = 0;
    this.#exceptionEnd = 0;
  }

  #readSpan(): void {
    const reader = this.#reader;
    this.#clear();
    while (reader.next())
      switch (reader.wireType) {
        case wireTypes.bytes:
          this.#readNested();
          break;
        case wireTypes.fixed64:
          if (reader.field === spanFields.startTime) this.startTimeNs = reader.readFixed64();
          else if (reader.field === spanFields.endTime) this.endTimeNs = reader.readFixed64();
          else reader.skip();
          break;
        case wireTypes.varint:
          if (reader.field === spanFields.kind) this.kind = reader.readVarint32();
          else reader.skip();
          break;
        default:
          reader.skip();
      }
    if (this.#exceptionEnd > 0) this.#readException();
  }

  #readNested(): void {
    const reader = this.#reader;
    switch (reader.field) {
      case spanFields.traceId:
        this.traceId = this.#readId(traceIdBytes);
        break;
      case spanFields.spanId:
        this.spanId = this.#readId(spanIdBytes);
        break;
      case spanFields.parentSpanId:
        this.parentSpanId = this.#readId(spanIdBytes);
        break;
      case spanFields.name:
        this.#nameStart = reader.readSpan();
        this.#nameEnd = reader.position;
        break;
      case spanFields.attributes:
        this.attributes.take();
        break;
      case spanFields.events:
        this.#readEvent();
        break;
      case spanFields.status:
        this.#readStatus();
        break;
      default:
        reader.skip();
    }
  }

  /** Empty for one of another length, or of zeros alone. */
  #readId(bytes: number): string {
    const reader = this.#reader;
    const start = reader.readSpan();
    if (reader.position - start !== bytes) return '';
    for (let index = start; index < reader.position; index++)
      if (reader.buffer[index] !== 0) return reader.buffer.toString('hex', start, reader.position);
    return '';
  }

  /** Remembers where the last exception is. */
  #readEvent(): void {
    const reader = this.#reader;
    const outer = reader.enter();
    const start = reader.position;
    let isException = false;
    while (reader.next())
      if (isNested(reader, eventFields.name)) {
        const nameStart = reader.readSpan();
        isException =
          reader.position - nameStart === exceptionName.length &&
          exceptionName.compare(reader.buffer, nameStart, reader.position) === 0;
      } else reader.skip();
    if (isException) {
      this.#exceptionStart = start;
      this.#exceptionEnd = reader.end;
    }
    reader.leave(outer);
  }

  #readException(): void {
    const reader = this.#reader;
    reader.reset(reader.buffer, this.#exceptionStart, this.#exceptionEnd);
    this.#exception.clear();
    while (reader.next())
      if (isNested(reader, eventFields.attributes)) this.#exception.take();
      else reader.skip();
  }

  #readStatus(): void {
    const reader = this.#reader;
    const outer = reader.enter();
    while (reader.next())
      if (isNested(reader, statusFields.message)) {
        this.#messageStart = reader.readSpan();
        this.#messageEnd = reader.position;
      } else if (reader.field === statusFields.code && reader.wireType === wireTypes.varint)
        this.statusCode = reader.readVarint32();
      else reader.skip();
    reader.leave(outer);
  }
}

/** Fields as they are, one behind the other. */
class CopiedFields {
  length = 0;
  #bytes = Buffer.alloc(1024);

  clear(): void {
    this.length = 0;
  }

  add(bytes: Buffer, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.#bytes.length) {
      const grown = Buffer.alloc(2 * length);
      this.#bytes.copy(grown, 0, 0, this.length);
      this.#bytes = grown;
    }
    bytes.copy(this.#bytes, this.length, start, end);
    this.length = length;
  }

  /** Returns where they end. */
  copyTo(target: Buffer, at: number): number {
    return at + this.#bytes.copy(target, at, 0, this.length);
  }
}

const noBytes = Buffer.alloc(0);

function isNested(reader: ProtobufReader, field: number): boolean {
  return reader.field === field && reader.wireType === wireTypes.bytes;
}

/** Bytes of a nested message with its tag and its length. */
function framed(length: number): number {
  let bytes = 2 + length;
  for (let rest = length; rest > 0x7f; rest >>>= 7) bytes++;
  return bytes;
}

/** Puts tag and length of a nested message; both that are written here have the field number 2. */
function putFrame(target: Buffer, from: number, length: number): number {
  let at = from;
  target[at++] = nestedTag;
  let rest = length;
  for (; rest > 0x7f; rest >>>= 7) target[at++] = (rest & 0x7f) | 0x80;
  target[at++] = rest;
  return at;
}
