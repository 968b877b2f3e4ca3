/**
 * Checks what a program reports in OTLP, an ExportTraceServiceRequest, without making objects of it: the request is walked in
 * place. Of each ResourceSpans whose spans are all in order, the result has the bytes as they are. Where a span is left out, or the
 * bytes are too many for one record, they are written again, in pieces, each with the resource and the scopes of its spans; fields
 * that this version does not know stay.
 */
import {
  maxSharedBytes,
  type Problem,
  type Refusal,
  refusals,
  SpanCheck,
  type TimeBounds,
  tooLargeShared,
} from './check-span.ts';
import { ProtobufReader } from './protobuf-reader.ts';
import { ResourceSpansPieces } from './resource-spans-pieces.ts';
import { scopeName } from './scope-name.ts';

const ownScope = Buffer.from(scopeName);
/** Bytes of one ResourceSpans of the result: one span of the greatest size with its resource and scope fits. */
const maxPieceBytes = 512 * 1024;
/** The first problems are told, each once. */
const maxProblems = 5;

/** Spans of one resource that are in order. */
export interface CheckedResourceSpans {
  /** An opentelemetry.proto.trace.v1.ResourceSpans; may be a view of the request. */
  readonly bytes: Buffer;
  readonly spans: number;
  /** Its opentelemetry.proto.resource.v1.Resource; empty where there is none. */
  readonly resource: Buffer;
}

/** What a request has. */
export interface CheckedTraces {
  readonly resourceSpans: readonly CheckedResourceSpans[];
  readonly accepted: number;
  /** Spans that spanloom wrote itself, which are left out: they are known. */
  readonly own: number;
  readonly refused: Readonly<Record<Refusal, number>>;
  /** The first problems in words. */
  readonly problems: readonly string[];
}

/** Verdicts on the spans of one ResourceSpans. */
interface Judged {
  /** In their order: whether each is taken. */
  readonly taken: boolean[];
  accepted: number;
  resource: Buffer;
  /** A scope is not in order; it may have no span that would be left out. */
  hasBadScope: boolean;
}

const noBytes = Buffer.alloc(0);
const resourceTag = 0x0a;
const scopeSpansTag = 0x12;
const schemaUrlTag = 0x1a;
const scopeTag = 0x0a;
const spanTag = 0x12;

/** Checks requests, one after the other. */
export class TraceCheck {
  readonly #reader = new ProtobufReader();
  readonly #check = new SpanCheck(this.#reader);
  readonly #pieces = new ResourceSpansPieces(maxPieceBytes);
  #bounds: TimeBounds = { earliestNs: 0, latestNs: 0 };
  #found: CheckedResourceSpans[] = [];
  #accepted = 0;
  #own = 0;
  #spans = 0;
  #refused = noRefusals();
  #problems: string[] = [];

  /** @throws ProtobufError where the request is none */
  check(request: Buffer, bounds: TimeBounds): CheckedTraces {
    this.#bounds = bounds;
    this.#found = [];
    this.#accepted = 0;
    this.#own = 0;
    this.#spans = 0;
    this.#refused = noRefusals();
    this.#problems = [];
    const reader = this.#reader;
    reader.reset(request);
    while (reader.next()) {
      if (reader.field * 8 + reader.wireType === resourceTag) this.#resourceSpans();
      else reader.skip();
    }
    reader.reset(noBytes);
    const resourceSpans = this.#found;
    this.#found = [];
    return {
      resourceSpans,
      ...{ accepted: this.#accepted, own: this.#own, refused: this.#refused, problems: this.#problems },
    };
  }

  #resourceSpans(): void {
    const reader = this.#reader;
    const outer = reader.enter();
    const { position: start, end, buffer } = reader;
    const judged: Judged = { taken: [], accepted: 0, resource: noBytes, hasBadScope: false };
    const problem = this.#sharedProblem(judged);
    reader.position = start;
    while (reader.next()) {
      if (reader.field * 8 + reader.wireType === scopeSpansTag) this.#scopeSpans(judged, problem);
      else reader.skip();
    }
    this.#accepted += judged.accepted;
    if (judged.accepted > 0) {
      const { taken, accepted, resource, hasBadScope } = judged;
      if (!hasBadScope && accepted === taken.length && end - start <= maxPieceBytes)
        this.#found.push({ bytes: buffer.subarray(start, end), spans: accepted, resource });
      else this.#rebuild(start, judged);
    }
    reader.leave(outer);
  }

  /** Passes over a ResourceSpans: what is wrong for all of its spans. */
  #sharedProblem(judged: Judged): Problem | undefined {
    const reader = this.#reader;
    const { position: start, end } = reader;
    let problem: Problem | undefined;
    let scopeBytes = 0;
    for (let from = start; reader.next(); from = reader.position) {
      const tag = reader.field * 8 + reader.wireType;
      if (tag === resourceTag) {
        const outer = reader.enter();
        judged.resource = reader.buffer.subarray(reader.position, reader.end);
        problem = ofPart('resource', this.#check.resource()) ?? problem;
        reader.leave(outer);
      } else if (tag === schemaUrlTag) problem = ofPart('schema URL', this.#check.schemaUrl()) ?? problem;
      else reader.skip();
      if (tag === scopeSpansTag) scopeBytes += reader.position - from;
    }
    return end - start - scopeBytes > maxSharedBytes ? ofPart('resource', tooLargeShared) : problem;
  }

  #scopeSpans(judged: Judged, ofResource: Problem | undefined): void {
    const reader = this.#reader;
    const outer = reader.enter();
    const { position: start, end } = reader;
    let isOwn = false;
    let problem = ofResource;
    let spanBytes = 0;
    for (let from = start; reader.next(); from = reader.position) {
      const tag = reader.field * 8 + reader.wireType;
      if (tag === scopeTag) {
        const around = reader.enter();
        const scopeStart = reader.position;
        isOwn = this.#isOwnScope();
        reader.position = scopeStart;
        problem = ofPart('scope', this.#check.scope()) ?? problem;
        reader.leave(around);
      } else if (tag === schemaUrlTag) problem = ofPart('schema URL', this.#check.schemaUrl()) ?? problem;
      else reader.skip();
      if (tag === spanTag) spanBytes += reader.position - from;
    }
    if (end - start - spanBytes > maxSharedBytes) problem = ofPart('scope', tooLargeShared);
    if (problem !== undefined) judged.hasBadScope = true;
    reader.position = start;
    while (reader.next()) {
      if (reader.field * 8 + reader.wireType !== spanTag) reader.skip();
      else this.#span(judged, isOwn, problem);
    }
    reader.leave(outer);
  }

  #span(judged: Judged, isOwn: boolean, ofShared: Problem | undefined): void {
    const reader = this.#reader;
    const outer = reader.enter();
    const found = this.#check.span(this.#bounds) ?? ofShared;
    reader.leave(outer);
    const number = this.#spans++;
    if (isOwn) this.#own++;
    else if (found === undefined) judged.accepted++;
    else {
      this.#refused[found.refusal]++;
      if (this.#problems.length < maxProblems && !this.#problems.some((known) => known.endsWith(found.text)))
        this.#problems.push(`span ${number} ${found.text}`);
    }
    judged.taken.push(!isOwn && found === undefined);
  }

  /** The reader has entered an InstrumentationScope. */
  #isOwnScope(): boolean {
    const reader = this.#reader;
    let isOwn = false;
    while (reader.next()) {
      if (reader.field * 8 + reader.wireType === scopeTag) isOwn = reader.readBytes().equals(ownScope);
      else reader.skip();
    }
    return isOwn;
  }

  /** Writes the spans that are taken again, in pieces. */
  #rebuild(start: number, { taken, resource }: Judged): void {
    const reader = this.#reader;
    const pieces = this.#pieces;
    let index = 0;
    reader.position = start;
    pieces.begin(this.#otherFields(scopeSpansTag));
    reader.position = start;
    while (reader.next()) {
      if (reader.field * 8 + reader.wireType !== scopeSpansTag) {
        reader.skip();
        continue;
      }
      const outer = reader.enter();
      const scopeStart = reader.position;
      pieces.beginScope(this.#otherFields(spanTag));
      reader.position = scopeStart;
      for (let from = reader.position; reader.next(); from = reader.position) {
        const isSpan = reader.field * 8 + reader.wireType === spanTag;
        reader.skip();
        if (isSpan && taken[index++]!) pieces.span(reader.buffer.subarray(from, reader.position));
      }
      pieces.endScope();
      reader.leave(outer);
    }
    for (const piece of pieces.end()) this.#found.push({ ...piece, resource });
  }

  /** The bytes of all fields of a message but one, from the reader's position on. */
  #otherFields(left: number): Buffer {
    const reader = this.#reader;
    const parts: Buffer[] = [];
    for (let from = reader.position; reader.next(); from = reader.position) {
      const isLeft = reader.field * 8 + reader.wireType === left;
      reader.skip();
      if (!isLeft) parts.push(reader.buffer.subarray(from, reader.position));
    }
    return Buffer.concat(parts);
  }
}

const noRefusals = (): Record<Refusal, number> =>
  Object.fromEntries(refusals.map((refusal) => [refusal, 0])) as Record<Refusal, number>;

const ofPart = (part: string, problem: Problem | undefined): Problem | undefined =>
  problem && { refusal: problem.refusal, text: `is refused since its ${part} ${problem.text}` };
