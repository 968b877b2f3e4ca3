import type { Cause, Protocol, Reason, Span } from '../schemas/generated/span.ts';
import type { Transport } from '../schemas/generated/event-batch.ts';
import type { Component } from './component.ts';
import type { HeldOffset } from './held-offsets.ts';
import type { ProcessIndex } from './local-cause/process-index.ts';
import { sidesLayout, type SidesLayout } from './sides-layout.ts';

/** Where a span stands: client and server are the process's own view of a call, network is in between. */
export type SpanRole = 'client' | 'server' | 'network' | 'application';

/** Why a span has the parent it has. */
export interface Edge {
  readonly parent: SpanRecord;
  readonly reason: Reason;
  /** Probability that the parent is right, in (0, 1]. */
  readonly confidence: number;
}

const roles: Readonly<Record<string, SpanRole>> = {
  'c-p': 'client',
  's-p': 'server',
  'c-app': 'application',
  app: 'application',
  's-app': 'application',
};

const noCauses: readonly Cause[] = [];

const failedStatuses: ReadonlySet<string> = new Set(['client_error', 'server_error', 'timeout', 'closed']);

function isMappedIpv4(address: Uint8Array): boolean {
  if (address.length !== 16 || address[10] !== 0xff || address[11] !== 0xff) return false;
  for (let index = 0; index < 10; index++) if (address[index] !== 0) return false;
  return true;
}

const maxSharedTexts = 10_000;
const sharedTexts = new Map<string, string>();

/** One copy of a text that many spans have, so that a span in state does not carry its own. */
function sharedText(text: string): string {
  const known = sharedTexts.get(text);
  if (known !== undefined) return known;
  if (sharedTexts.size < maxSharedTexts) sharedTexts.set(text, text);
  return text;
}

/** An address as a short string; ::ffff:a.b.c.d equals a.b.c.d, since the two ends of one call may differ in that. */
function addressKey(address: Uint8Array): string {
  const at = address.length === 4 ? 0 : isMappedIpv4(address) ? 12 : -1;
  return at >= 0
    ? String.fromCharCode(address[at]!, address[at + 1]!, address[at + 2]!, address[at + 3]!)
    : String.fromCharCode(...address);
}

/**
 * What the correlator keeps of a span: the facts it decides by, the span's bytes to copy, and what was decided. Event
 * ids order everything within one agent; times are only compared where ids cannot be.
 */
export class SpanRecord {
  readonly spanId: string;
  readonly agentId: number;
  readonly observationPoint: string;
  readonly role: SpanRole;
  readonly startTimeNs: bigint;
  /** Unix nanoseconds as a double, exact to about 256 ns: for gates, never for order. */
  readonly startNs: number;
  readonly durationNs: number;
  readonly failed: boolean;
  readonly protocol: Protocol;
  readonly transport: Transport;
  readonly requestEventId: number;
  readonly responseEventId: number;
  /** As signed 32-bit numbers, which take no memory of their own; 0 stays 0. */
  readonly requestTcpSequence: number;
  readonly responseTcpSequence: number;
  /** On client spans, what kind of call it is: calls of one kind are made in the same circumstances. */
  readonly callKind: string;
  readonly requestId: number;
  readonly headerTraceId: string;
  readonly headerSpanId: string;
  readonly xRequestIdRequest: string;
  readonly xRequestIdResponse: string;
  readonly processId: number;
  readonly requestContextId: number;
  readonly responseContextId: number;
  readonly causes: readonly Cause[];
  /** Both addresses and ports, client first: equal at both ends of a call unless an address is translated on the way. */
  readonly tuple: string;
  /** The parent that an application's own instrumentation names; empty for all other spans. */
  readonly statedParentSpanId: string;

  /** The message's bytes; the span without its first three fields is at [bodyStart, bodyEnd). */
  readonly bytes: Buffer;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** Where its sides lie at the end of those. */
  readonly sides: SidesLayout;
  readonly origin: HeldOffset;
  /** Count of messages read when this span came. */
  readonly arrival: number;

  component: Component | undefined;
  /** Where several correlators share the work: the component under which it was sent last; empty before. */
  componentId = '';
  process: ProcessIndex | undefined;
  /** On client spans: the server span of the same process that made this call, once known. */
  cause: Edge | undefined;
  /** On client spans: count of messages read when its cause was last asked for; 0 before. */
  evaluatedAt = 0;
  /** On client spans: request side and response side named different parents. */
  isContradicted = false;
  /** On client spans: its process keeps it as a call without a known cause. */
  isListedUnknown = false;
  /** It is in a trace that went out. */
  isEmitted = false;
  /** The edge in the trace being assembled. */
  edge: Edge | undefined;
  /** The other end of its call, in the trace being assembled. */
  otherEnd: SpanRecord | undefined;
  /** No longer in state: indexes that still hold it pass over it. */
  released = false;

  constructor(span: Span, bytes: Buffer, bodyStart: number, bodyEnd: number, origin: HeldOffset, arrival: number) {
    this.spanId = span.spanId;
    this.agentId = span.agentId;
    this.observationPoint = sharedText(span.observationPoint);
    this.role = roles[span.observationPoint] ?? 'network';
    this.startTimeNs = span.startTimeNs;
    this.startNs = Number(span.startTimeNs);
    this.durationNs = span.durationNs;
    this.failed = failedStatuses.has(span.status);
    this.protocol = span.protocol;
    this.transport = span.transport;
    this.requestEventId = span.requestEventId;
    this.responseEventId = span.responseEventId;
    this.requestTcpSequence = span.requestTcpSequence | 0;
    this.responseTcpSequence = span.responseTcpSequence | 0;
    this.callKind =
      this.role === 'client'
        ? sharedText(`${span.protocol} ${span.server.port} ${span.requestType} ${span.endpoint}`)
        : '';
    this.requestId = span.requestId;
    this.headerTraceId = span.headerTraceId;
    this.headerSpanId = span.headerSpanId;
    this.xRequestIdRequest = span.xRequestIdRequest;
    this.xRequestIdResponse = span.xRequestIdResponse;
    this.processId = span.processId;
    this.requestContextId = span.requestContextId;
    this.responseContextId = span.responseContextId;
    // The reader's array has room for more; a copy has not.
    this.causes = span.causes.length === 0 ? noCauses : span.causes.slice();
    this.tuple =
      addressKey(span.client.address) +
      addressKey(span.server.address) +
      String.fromCharCode(span.client.port & 0xffff, span.server.port & 0xffff);
    this.statedParentSpanId = this.role === 'application' ? span.parentSpanId : '';
    this.bytes = bytes;
    this.bodyStart = bodyStart;
    this.bodyEnd = bodyEnd;
    this.sides = sidesLayout(span);
    this.origin = origin;
    this.arrival = arrival;
    this.component = undefined;
    this.process = undefined;
    this.cause = undefined;
    this.edge = undefined;
    this.otherEnd = undefined;
  }

  /** Unix nanoseconds as a double, like startNs. */
  get endNs(): number {
    return this.startNs + this.durationNs;
  }
}

/** Order of spans that depends on nothing but the spans: by start, then by id. */
export function byStart(left: SpanRecord, right: SpanRecord): number {
  // Doubles are quicker to compare; rounding keeps the order, so only equal ones need the exact times.
  if (left.startNs !== right.startNs) return left.startNs - right.startNs;
  if (left.startTimeNs !== right.startTimeNs) return left.startTimeNs < right.startTimeNs ? -1 : 1;
  return left.spanId < right.spanId ? -1 : left.spanId > right.spanId ? 1 : 0;
}
