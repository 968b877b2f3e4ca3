/**
 * Checks one span of OTLP in place, and what it shares with others: resource, scope. The whole of it is walked, so that what passes
 * is protobuf that every later reader can read, with texts in UTF-8.
 */
import { isUtf8 } from 'node:buffer';
import type { ProtobufReader } from './protobuf-reader.ts';

/** Why a span is refused. */
export const refusals = ['bad_id', 'bad_time', 'bad_text', 'too_large'] as const;
export type Refusal = (typeof refusals)[number];

/** What is wrong with a span. */
export interface Problem {
  readonly refusal: Refusal;
  /** In words, for its sender; begins in the middle of a sentence. */
  readonly text: string;
}

/** When a span may have been, in nanoseconds since 1970. */
export interface TimeBounds {
  readonly earliestNs: number;
  readonly latestNs: number;
}

/** Bytes of one span with its attributes, events and links. */
const maxSpanBytes = 256 * 1024;
/** Bytes of what spans share: of a resource with its schema URL, and of a scope with its own. */
export const maxSharedBytes = 64 * 1024;
/** Attributes of one span, event, link, resource or scope; and events, and links, of one span. */
const maxEntries = 1_000;
/** Arrays and lists are within each other at most this deep. */
const maxDepth = 16;
/** Longest duration: what a double has exactly. */
const maxDurationNs = 2 ** 53;

const tooLarge = (text: string): Problem => ({ refusal: 'too_large', text });
const badId = (text: string): Problem => ({ refusal: 'bad_id', text });
const badTime = (text: string): Problem => ({ refusal: 'bad_time', text });

/** Where a field of bytes lies. */
interface Place {
  start: number;
  bytes: number;
}

/** A number of 64 bits in halves, which compare exactly. */
interface Halves {
  high: number;
  low: number;
}

/** Checks parts of a request by one reader, which the caller has put where the part begins. */
export class SpanCheck {
  readonly #reader: ProtobufReader;
  #problem: Problem | undefined;
  readonly #traceId: Place = { start: 0, bytes: 0 };
  readonly #spanId: Place = { start: 0, bytes: 0 };
  readonly #parent: Place = { start: 0, bytes: 0 };
  readonly #traceIdOfLink: Place = { start: 0, bytes: 0 };
  readonly #spanIdOfLink: Place = { start: 0, bytes: 0 };
  readonly #start: Halves = { high: 0, low: 0 };
  readonly #end: Halves = { high: 0, low: 0 };
  #attributes = 0;
  #events = 0;
  #links = 0;

  constructor(reader: ProtobufReader) {
    this.#reader = reader;
  }

  /** The reader has entered a span; it is read to its end. @throws ProtobufError */
  span(bounds: TimeBounds): Problem | undefined {
    const reader = this.#reader;
    this.#problem = undefined;
    if (reader.end - reader.position > maxSpanBytes) this.#problem = tooLarge(`has more than ${maxSpanBytes} bytes`);
    this.#traceId.bytes = this.#spanId.bytes = this.#parent.bytes = 0;
    this.#start.high = this.#start.low = this.#end.high = this.#end.low = 0;
    this.#attributes = this.#events = this.#links = 0;
    while (reader.next()) this.#spanField(reader.field * 8 + reader.wireType);
    if (this.#attributes > maxEntries) this.#problem ??= tooLarge(`has more than ${maxEntries} attributes`);
    if (this.#events > maxEntries) this.#problem ??= tooLarge(`has more than ${maxEntries} events`);
    if (this.#links > maxEntries) this.#problem ??= tooLarge(`has more than ${maxEntries} links`);
    return (
      idProblem(reader.buffer, this.#traceId, this.#spanId, this.#parent) ??
      timeProblem(this.#start, this.#end, bounds) ??
      this.#problem
    );
  }

  #spanField(tag: number): void {
    switch (tag) {
      case 0x0a:
        this.#place(this.#traceId);
        break;
      case 0x12:
        this.#place(this.#spanId);
        break;
      case 0x22:
        this.#place(this.#parent);
        break;
      case 0x1a:
      case 0x2a:
        this.#text();
        break;
      case 0x39:
        this.#halves(this.#start);
        break;
      case 0x41:
        this.#halves(this.#end);
        break;
      case 0x4a:
        this.#attributes++;
        this.#keyValue(0);
        break;
      case 0x5a:
        this.#events++;
        this.#part(0x12, 0x1a);
        break;
      case 0x6a:
        this.#links++;
        this.#link();
        break;
      case 0x7a:
        this.#part(0x12, 0);
        break;
      default:
        this.#reader.skip();
    }
  }

  #place(place: Place): void {
    place.start = this.#reader.readSpan();
    place.bytes = this.#reader.position - place.start;
  }

  #halves(halves: Halves): void {
    halves.low = this.#reader.readFixed32();
    halves.high = this.#reader.readFixed32();
  }

  #link(): void {
    const reader = this.#reader;
    const outer = reader.enter();
    const { position } = reader;
    this.#fields(0x1a, 0x22);
    reader.position = position;
    this.#traceIdOfLink.bytes = this.#spanIdOfLink.bytes = 0;
    while (reader.next()) {
      const tag = reader.field * 8 + reader.wireType;
      if (tag === 0x0a) this.#place(this.#traceIdOfLink);
      else if (tag === 0x12) this.#place(this.#spanIdOfLink);
      else reader.skip();
    }
    reader.leave(outer);
    if (this.#traceIdOfLink.bytes !== 16 || this.#spanIdOfLink.bytes !== 8)
      this.#problem ??= badId('has a link without a trace id of 16 bytes and a span id of 8');
  }

  /** The reader has entered a Resource. @throws ProtobufError */
  resource(): Problem | undefined {
    return this.#shared(0, 0x0a);
  }

  /** The reader has entered an InstrumentationScope. @throws ProtobufError */
  scope(): Problem | undefined {
    return this.#shared(0x12, 0x1a, 0x0a);
  }

  /** The reader is at a text. @throws ProtobufError */
  schemaUrl(): Problem | undefined {
    this.#problem = undefined;
    this.#text();
    return this.#problem;
  }

  #shared(textTag: number, attributesTag: number, nameTag = textTag): Problem | undefined {
    this.#problem = undefined;
    this.#fields(textTag, attributesTag, nameTag);
    return this.#problem;
  }

  /** A nested message with a text and attributes, by their tags; 0 for none. */
  #part(textTag: number, attributesTag: number): void {
    const outer = this.#reader.enter();
    this.#fields(textTag, attributesTag);
    this.#reader.leave(outer);
  }

  #fields(textTag: number, attributesTag: number, nameTag = textTag): void {
    const reader = this.#reader;
    let attributes = 0;
    while (reader.next()) {
      const tag = reader.field * 8 + reader.wireType;
      if (tag === attributesTag) {
        attributes++;
        this.#keyValue(0);
      } else if (tag === textTag || tag === nameTag) this.#text();
      else reader.skip();
    }
    if (attributes > maxEntries) this.#problem ??= tooLarge(`has more than ${maxEntries} attributes in one part`);
  }

  #keyValue(depth: number): void {
    const reader = this.#reader;
    const outer = reader.enter();
    while (reader.next()) {
      const tag = reader.field * 8 + reader.wireType;
      if (tag === 0x0a) this.#text();
      else if (tag === 0x12) this.#anyValue(depth);
      else reader.skip();
    }
    reader.leave(outer);
  }

  #anyValue(depth: number): void {
    const reader = this.#reader;
    const outer = reader.enter();
    while (reader.next()) {
      const tag = reader.field * 8 + reader.wireType;
      if (tag === 0x0a) this.#text();
      else if (tag === 0x2a || tag === 0x32) this.#values(tag, depth + 1);
      else reader.skip();
    }
    reader.leave(outer);
  }

  /** An array or a list; deeper than the bound it is passed over, and its span refused. */
  #values(listTag: number, depth: number): void {
    const reader = this.#reader;
    if (depth > maxDepth) {
      this.#problem ??= tooLarge(`has arrays or lists nested deeper than ${maxDepth} times`);
      reader.skip();
      return;
    }
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field * 8 + reader.wireType !== 0x0a) reader.skip();
      else if (listTag === 0x2a) this.#anyValue(depth);
      else this.#keyValue(depth);
    }
    reader.leave(outer);
  }

  #text(): void {
    const reader = this.#reader;
    const start = reader.readSpan();
    const { buffer, position } = reader;
    for (let index = start; index < position; index++) {
      if (buffer[index]! < 0x80) continue;
      if (!isUtf8(buffer.subarray(start, position)))
        this.#problem ??= { refusal: 'bad_text', text: 'has a text that is not UTF-8' };
      return;
    }
  }
}

function idProblem(buffer: Buffer, traceId: Place, spanId: Place, parent: Place): Problem | undefined {
  if (traceId.bytes !== 16) return badId(`has a trace id of ${traceId.bytes} bytes, not 16`);
  if (isZero(buffer, traceId)) return badId('has a trace id of zeros');
  if (spanId.bytes !== 8) return badId(`has a span id of ${spanId.bytes} bytes, not 8`);
  if (isZero(buffer, spanId)) return badId('has a span id of zeros');
  if (parent.bytes === 0) return undefined;
  if (parent.bytes !== 8) return badId(`has a parent span id of ${parent.bytes} bytes, not 8`);
  for (let index = 0; index < 8; index++)
    if (buffer[parent.start + index] !== buffer[spanId.start + index]) return undefined;
  return badId('is its own parent');
}

function isZero(buffer: Buffer, { start, bytes }: Place): boolean {
  for (let index = start; index < start + bytes; index++) if (buffer[index] !== 0) return false;
  return true;
}

/** Durations are exact; bounds are compared as doubles, which are a quarter of a microsecond off. */
function timeProblem(start: Halves, end: Halves, { earliestNs, latestNs }: TimeBounds): Problem | undefined {
  const startNs = start.high * 2 ** 32 + start.low;
  const durationNs = (end.high - start.high) * 2 ** 32 + (end.low - start.low);
  if (durationNs < 0) return badTime('ends before it starts');
  if (durationNs > maxDurationNs) return badTime('lasts for more than 104 days');
  if (startNs < earliestNs) return badTime(`started too long ago, at ${timeText(startNs)}`);
  if (startNs > latestNs) return badTime(`starts in the future, at ${timeText(startNs)}`);
  return startNs + durationNs > latestNs
    ? badTime(`ends in the future, at ${timeText(startNs + durationNs)}`)
    : undefined;
}

export const tooLargeShared = tooLarge(`has more than ${maxSharedBytes} bytes`);

const timeText = (ns: number): string => new Date(ns / 1e6).toISOString();
