import type { Transport } from '../../schemas/generated/event-batch.ts';
import { readArray } from '../../schemas/avro-blocks.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { type Cause, type LikelyParent, type Protocol, readCause, type Reason } from '../../schemas/generated/span.ts';
import type { SpanRole } from '../../schemas/observation-points.ts';
import type { Component } from '../components/component.ts';
import type { InputOffset } from '../input-offsets.ts';
import { blockStride, type RecordBlock } from './record-block.ts';
import type { SpanKind } from './span-kind.ts';
import { serverEndpointOf } from './tuple.ts';

/** Why a span has the parent it has. */
export interface Edge {
  readonly parent: SpanRecord;
  readonly reason: Reason;
  /** Probability that the parent is right, in (0, 1]. */
  readonly confidence: number;
}

/** The component that a span is in. */
export type SpanComponent = Component<SpanRecord>;

/** Texts of a span, and where its numbers are. */
export interface RecordFacts {
  readonly block: RecordBlock;
  readonly at: number;
  readonly kind: SpanKind;
  readonly spanId: string;
  readonly requestKind: string;
  readonly headerTraceId: string;
  readonly headerSpanId: string;
  readonly xRequestIdRequest: string;
  readonly xRequestIdResponse: string;
  readonly tuple: string;
  readonly question: string;
  readonly statedParentSpanId: string;
  readonly answersInParts: boolean;
  readonly wasBrokenOff: boolean;
}

const noCauses: readonly Cause[] = [];
const none: readonly LikelyParent[] = [];
const contradicted = 1;
const listedUnknown = 2;
const emitted = 4;
const gone = 8;
const judged = 16;
const inParts = 32;
const brokenOff = 64;

/** What an application's span is known by: its trace id and its span id. */
export const contextKey = (traceId: string, spanId: string): string => `${traceId} ${spanId}`;

/** See `context_id` of events. */
const firstPythonContext = 2 ** 48;

/**
 * What the correlator keeps of a span: the facts for its decisions, the span's bytes to copy, and the decisions. Event ids
 * order everything within one agent; times are compared only across agents.
 *
 * Several hundred thousand records are in memory. So their numbers are in arrays of the message's RecordBlock, and rarely
 * used fields are read from the span's bytes.
 */
export class SpanRecord {
  readonly #block: RecordBlock;
  readonly #at: number;
  readonly #kind: SpanKind;
  readonly spanId: string;
  /** Protocol, port, type and endpoint: requests of one kind are made and served in the same circumstances. */
  readonly requestKind: string;
  /** A trace id of 64 bits as 32 digits, as OpenTelemetry has it, so that all forms of one id are equal. */
  readonly headerTraceId: string;
  readonly headerSpanId: string;
  readonly xRequestIdRequest: string;
  readonly xRequestIdResponse: string;
  /** Both addresses and ports (tuple.ts): equal at both ends of a call unless an address is translated on the way. */
  readonly tuple: string;
  /** Of datagrams type and resource of the request, which both ends see; else empty. */
  readonly question: string;
  /** The parent that an application's own instrumentation names; empty for all other spans. */
  readonly statedParentSpanId: string;
  #flags: number;

  component: SpanComponent | undefined;
  /** Stands for the process that it is of: one object for all spans in state of one process. */
  process: object | undefined;
  /** On client spans: the server span of the same process that made this call, once known. */
  cause: Edge | undefined;
  /** On client spans without a known cause: server spans of the same process that may have made this call. */
  likelyParents: readonly LikelyParent[];
  /** Where several correlators share the work: the component under which it was sent last; empty before. */
  componentId = '';
  /** The edge in the trace being assembled. */
  edge: Edge | undefined;
  /** In the trace being assembled, the views of its call that know the two ends for certain, other than itself. */
  clientView: SpanRecord | undefined;
  serverView: SpanRecord | undefined;
  /** In the trace being assembled, the observation point that follows from all views of its call, if that is another. */
  correctedPoint: string | undefined;

  constructor(facts: RecordFacts) {
    this.#block = facts.block;
    this.#at = facts.at;
    this.#kind = facts.kind;
    this.spanId = facts.spanId;
    this.requestKind = facts.requestKind;
    this.headerTraceId = facts.headerTraceId;
    this.headerSpanId = facts.headerSpanId;
    this.xRequestIdRequest = facts.xRequestIdRequest;
    this.xRequestIdResponse = facts.xRequestIdResponse;
    this.tuple = facts.tuple;
    this.question = facts.question;
    this.statedParentSpanId = facts.statedParentSpanId;
    this.#flags = (facts.answersInParts ? inParts : 0) | (facts.wasBrokenOff ? brokenOff : 0);
    this.component = undefined;
    this.process = undefined;
    this.cause = undefined;
    this.likelyParents = none;
    this.edge = undefined;
    this.clientView = undefined;
    this.serverView = undefined;
    this.correctedPoint = undefined;
  }

  /** What tells it from all other spans: an application chooses its span ids, which need to differ within a trace only. */
  get key(): string {
    return this.role === 'application' ? contextKey(this.headerTraceId, this.spanId) : this.spanId;
  }

  /** Address and port of the server. */
  get serverEndpoint(): string {
    return serverEndpointOf(this.tuple);
  }

  /** As the enricher saw it. */
  get seenPoint(): string {
    return this.#kind.observationPoint;
  }

  /** In the trace being assembled. */
  get observationPoint(): string {
    return this.correctedPoint ?? this.seenPoint;
  }

  get role(): SpanRole {
    return this.#kind.role;
  }

  get protocol(): Protocol {
    return this.#kind.protocol;
  }

  get transport(): Transport {
    return this.#kind.transport;
  }

  get failed(): boolean {
    return this.#kind.failed;
  }

  get startTimeNs(): bigint {
    return this.#block.startTimesNs[this.#at / blockStride]!;
  }

  /** Unix nanoseconds as a double, exact to about 256 ns: for gates, never for order. */
  get startNs(): number {
    return this.#block.doubles[this.#at]!;
  }

  get durationNs(): number {
    return this.#block.doubles[this.#at + 1]!;
  }

  /** Unix nanoseconds as a double, like startNs. */
  get endNs(): number {
    const { doubles } = this.#block;
    return doubles[this.#at]! + doubles[this.#at + 1]!;
  }

  /** Exact Unix nanoseconds; makes a bigint at each access. */
  get endTimeNs(): bigint {
    return this.startTimeNs + BigInt(this.durationNs);
  }

  get requestEventId(): number {
    return this.#block.doubles[this.#at + 2]!;
  }

  get responseEventId(): number {
    return this.#block.doubles[this.#at + 3]!;
  }

  /** Its response went on after the event in which it began: it was complete at {@link endTimeNs}, not at responseEventId. */
  get answersInParts(): boolean {
    return (this.#flags & inParts) !== 0;
  }

  /** It ended without a response, or its connection ended within one. */
  get wasBrokenOff(): boolean {
    return (this.#flags & brokenOff) !== 0;
  }

  get requestContextId(): number {
    return this.#block.doubles[this.#at + 4]!;
  }

  /**
   * Whether a context of CPython made the request: ids of others are smaller. What it works for shows when it replies, and until
   * then nothing but what the enricher learned is a reason.
   */
  get isOfPythonContext(): boolean {
    return this.requestContextId >= firstPythonContext;
  }

  get responseContextId(): number {
    return this.#block.doubles[this.#at + 5]!;
  }

  get requestId(): number {
    return this.#block.doubles[this.#at + 6]!;
  }

  get agentId(): number {
    return this.#block.doubles[this.#at + 7]!;
  }

  /** As a signed 32-bit number; 0 stays 0. */
  get requestTcpSequence(): number {
    return this.#block.ints[this.#at]!;
  }

  get responseTcpSequence(): number {
    return this.#block.ints[this.#at + 1]!;
  }

  get processId(): number {
    return this.#block.ints[this.#at + 2]!;
  }

  /** The message's bytes; the span without its first five fields is at [bodyStart, bodyEnd). */
  get bytes(): Buffer {
    return this.#block.bytes;
  }

  get bodyStart(): number {
    return this.#block.ints[this.#at + 3]!;
  }

  /** The server side is at [serverStart, bodyEnd), the client side ends where it begins. */
  get serverStart(): number {
    return this.#block.ints[this.#at + 4]!;
  }

  get bodyEnd(): number {
    return this.#block.ints[this.#at + 5]!;
  }

  /** Decoded at each access. */
  get causes(): readonly Cause[] {
    const { bytes, ints } = this.#block;
    const start = ints[this.#at + 6]!;
    return bytes[start] === 0 ? noCauses : readArray(new AvroReader(bytes, start), readCause);
  }

  /** On client spans: count of messages read when its cause was last asked for; 0 before. */
  get evaluatedAt(): number {
    return this.#block.ints[this.#at + 7]!;
  }

  set evaluatedAt(arrival: number) {
    this.#block.ints[this.#at + 7] = arrival;
  }

  get origin(): InputOffset {
    return this.#block.origin;
  }

  /** Count of messages read when this span came. */
  get arrival(): number {
    return this.#block.arrival;
  }

  /** On client spans: request side and response side named different parents. */
  get isContradicted(): boolean {
    return (this.#flags & contradicted) !== 0;
  }

  set isContradicted(value: boolean) {
    this.#set(contradicted, value);
  }

  /** Its two sides were compared. */
  get isJudged(): boolean {
    return (this.#flags & judged) !== 0;
  }

  set isJudged(value: boolean) {
    this.#set(judged, value);
  }

  /** On client spans: its process keeps it as a call without a known cause. */
  get isListedUnknown(): boolean {
    return (this.#flags & listedUnknown) !== 0;
  }

  set isListedUnknown(value: boolean) {
    this.#set(listedUnknown, value);
  }

  /** It is in an emitted trace. */
  get isEmitted(): boolean {
    return (this.#flags & emitted) !== 0;
  }

  set isEmitted(value: boolean) {
    this.#set(emitted, value);
  }

  /** No longer in state: indexes that still have it skip it. */
  get released(): boolean {
    return (this.#flags & gone) !== 0;
  }

  set released(value: boolean) {
    this.#set(gone, value);
  }

  #set(flag: number, value: boolean): void {
    this.#flags = value ? this.#flags | flag : this.#flags & ~flag;
  }
}

/** Deterministic order of spans: by start, of the requests of one call by their place in it, then by id. */
export function byStart(left: SpanRecord, right: SpanRecord): number {
  // Doubles are quicker to compare; rounding keeps the order, so only equal ones need the exact times.
  if (left.startNs !== right.startNs) return left.startNs - right.startNs;
  if (left.startTimeNs !== right.startTimeNs) return left.startTimeNs < right.startTimeNs ? -1 : 1;
  if (left.agentId !== right.agentId) return left.agentId - right.agentId;
  if (left.requestEventId !== right.requestEventId) return left.requestEventId - right.requestEventId;
  // Sequences count modulo 2^32.
  const place = (left.requestTcpSequence - right.requestTcpSequence) | 0;
  if (place !== 0) return place;
  if (left.spanId !== right.spanId) return left.spanId < right.spanId ? -1 : 1;
  if (left.headerTraceId === right.headerTraceId) return 0;
  return left.headerTraceId < right.headerTraceId ? -1 : 1;
}
