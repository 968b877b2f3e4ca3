import type { SpanStatus } from '../../schemas/generated/span.ts';
import { latin1Text } from './ascii.ts';
import type { RequestMessage, ResponseMessage } from './dissector.ts';
import { field, type Http1Head } from './http1-head.ts';
import { pathTemplate } from './path-template.ts';
import {
  readB3,
  readB3SpanId,
  readB3TraceId,
  readSw8,
  readTraceparent,
  readUberTraceId,
  type TraceContext,
} from './trace-context.ts';

/** What is reported of a head that was read. The parts of a request are slices of the one text its head became. */

const maxResourceBytes = 1024;
const maxFieldBytes = 256;
const maxReasonBytes = 128;
const slash = 0x2f;

/** A request whose method ends at `cut`, of a head that was read as text. */
export function requestMessage<Origin>(
  head: Http1Head,
  bytes: Buffer,
  cut: number,
  requestType: string,
  origin: Origin,
  offset: number,
): RequestMessage<Origin> {
  const { start: base, text } = head;
  const targetStart = cut + 1;
  let targetEnd = head.lineEnd;
  let version = '';
  if (head.lineComplete) {
    targetEnd = head.lineEnd - 9;
    version = bytes[head.lineEnd - 1] === 0x30 ? '1.0' : '1.1';
  } else {
    for (let at = targetStart; at < targetEnd; at++) if (bytes[at] === 0x20) targetEnd = at;
  }
  let pathStart = targetStart;
  let authority = '';
  if (bytes[targetStart] !== slash && requestType !== 'CONNECT') {
    const authorityStart = authorityAfterScheme(bytes, targetStart, targetEnd);
    if (authorityStart > 0) {
      pathStart = authorityStart;
      while (pathStart < targetEnd && bytes[pathStart] !== slash && bytes[pathStart] !== 0x3f) pathStart++;
      authority = text.slice(authorityStart - base, Math.min(pathStart, authorityStart + maxFieldBytes) - base);
    }
  }
  const pathEnd = Math.min(targetEnd, pathStart + maxResourceBytes);
  const requestResource = pathEnd <= pathStart ? '/' : text.slice(pathStart - base, pathEnd - base);
  const context = readContext(head, bytes);
  return {
    kind: 'request',
    origin,
    offset,
    requestId: 0,
    expectsResponse: true,
    version,
    requestType,
    requestDomain: fieldText(head, text, field.host) || authority,
    requestResource,
    endpoint:
      requestType === 'CONNECT' ? requestResource : pathTemplate(bytes, pathStart, pathEnd, requestResource) || '/',
    headerTraceId: context?.traceId ?? '',
    headerSpanId: context?.spanId ?? '',
    xRequestId: fieldText(head, text, field.xRequestId),
    forwardedFor: fieldText(head, text, field.forwardedFor),
    userAgent: fieldText(head, text, field.userAgent),
  };
}

/** A response with this status code. */
export function responseMessage<Origin>(
  head: Http1Head,
  bytes: Buffer,
  code: number,
  declaredBytes: number,
  origin: Origin,
  offset: number,
): ResponseMessage<Origin> {
  const reason = head.start + 13;
  const idEnd = head.ends[field.xRequestId]!;
  const idStart = head.starts[field.xRequestId]!;
  return {
    kind: 'response',
    origin,
    offset,
    requestId: 0,
    status: statusOf(code),
    responseCode: code,
    exception: code >= 400 ? latin1Text(bytes, reason, Math.min(head.lineEnd, reason + maxReasonBytes)) : '',
    result: '',
    declaredBytes,
    xRequestId: idEnd < 0 ? '' : latin1Text(bytes, idStart, Math.min(idEnd, idStart + maxFieldBytes)),
  };
}

/** A header's value; empty when the head does not have it. */
function fieldText(head: Http1Head, text: string, index: number): string {
  const end = head.ends[index]!;
  if (end < 0) return '';
  const start = head.starts[index]!;
  return text.slice(start - head.start, Math.min(end, start + maxFieldBytes) - head.start);
}

function statusOf(code: number): SpanStatus {
  if (code < 400) return 'ok';
  return code < 500 ? 'client_error' : 'server_error';
}

function authorityAfterScheme(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at + 2 < end && at < start + 8; at++) {
    if (bytes[at] === 0x3a) return bytes[at + 1] === slash && bytes[at + 2] === slash ? at + 3 : 0;
  }
  return 0;
}

/** The caller's trace context, of the first header that holds a valid one. */
function readContext(head: Http1Head, bytes: Buffer): TraceContext | undefined {
  const { starts, ends } = head;
  if (ends[field.traceparent]! >= 0) {
    const context = readTraceparent(bytes, starts[field.traceparent]!, ends[field.traceparent]!);
    if (context !== undefined) return context;
  }
  if (ends[field.b3]! >= 0) {
    const context = readB3(bytes, starts[field.b3]!, ends[field.b3]!);
    if (context !== undefined) return context;
  }
  if (ends[field.b3TraceId]! >= 0) {
    const traceId = readB3TraceId(bytes, starts[field.b3TraceId]!, ends[field.b3TraceId]!);
    const hasSpan = ends[field.b3SpanId]! >= 0;
    const spanId = hasSpan ? readB3SpanId(bytes, starts[field.b3SpanId]!, ends[field.b3SpanId]!) : '';
    if (traceId !== '') return { traceId, spanId };
  }
  if (ends[field.uberTraceId]! >= 0) {
    const context = readUberTraceId(bytes, starts[field.uberTraceId]!, ends[field.uberTraceId]!);
    if (context !== undefined) return context;
  }
  return ends[field.sw8]! >= 0 ? readSw8(bytes, starts[field.sw8]!, ends[field.sw8]!) : undefined;
}
