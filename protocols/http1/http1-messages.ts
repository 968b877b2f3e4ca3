import type { SpanStatus } from '../../schemas/generated/span.ts';
import { latin1Text } from '../dissection/ascii.ts';
import type { RequestMessage, ResponseMessage } from '../dissection/dissector.ts';
import { field, type Http1Head } from './http1-head.ts';
import { requestTarget, requestVersion } from './http1-start-line.ts';
import { type TargetParts, targetParts } from './http1-target.ts';
import { pathTemplate } from '../dissection/path-template.ts';
import {
  readB3,
  readB3SpanId,
  readB3TraceId,
  readSw8,
  readTraceparent,
  readUberTraceId,
  type TraceContext,
} from '../dissection/trace-context.ts';

/** What is reported of a head that was read. The parts of a request are slices of the one text its head became. */

const maxResourceBytes = 1024;
const maxFieldBytes = 256;
const maxReasonBytes = 128;

/** A request whose method ends at `cut`, of a head that was read as text. */
export function requestMessage<Origin>(
  head: Http1Head,
  bytes: Buffer,
  cut: number,
  requestType: string,
  origin: Origin,
  offset: number,
): RequestMessage<Origin> {
  const { start: base, text, lineEnd, lineComplete } = head;
  const isConnect = requestType === 'CONNECT';
  const target = targetParts(bytes, requestTarget(bytes, cut, lineEnd, lineComplete), isConnect);
  const { start, end } = target.authority;
  const authority = text.slice(start - base, Math.min(end, start + maxFieldBytes) - base);
  const { requestResource, endpoint } = resourceOf(head, bytes, target, requestType);
  const context = readContext(head, bytes);
  return {
    kind: 'request',
    origin,
    offset,
    requestId: 0,
    expectsResponse: true,
    version: lineComplete ? requestVersion(bytes, cut, lineEnd) : '',
    requestType,
    // A Host field does not count where the target has an authority (RFC 9112, §3.2.2).
    requestDomain: target.hasAuthority ? authority : hostOf(head, text),
    requestResource,
    endpoint,
    headers: {
      traceId: context?.traceId ?? '',
      spanId: context?.spanId ?? '',
      xRequestId: fieldText(head, text, field.xRequestId),
      forwardedFor: fieldText(head, text, field.forwardedFor),
      userAgent: fieldText(head, text, field.userAgent),
    },
  };
}

/** Path and query, and their low-cardinality form. Of a target without a path it is the root, or for OPTIONS the server. */
function resourceOf(
  { start: base, text }: Http1Head,
  bytes: Buffer,
  { path }: TargetParts,
  requestType: string,
): { readonly requestResource: string; readonly endpoint: string } {
  if (path === undefined) return { requestResource: '', endpoint: '' };
  const end = Math.min(path.end, path.start + maxResourceBytes);
  const resource = text.slice(path.start - base, end - base);
  if (requestType === 'CONNECT') return { requestResource: resource, endpoint: resource };
  if (resource === '') {
    const root = requestType === 'OPTIONS' ? '*' : '/';
    return { requestResource: root, endpoint: root };
  }
  const endpoint = pathTemplate(bytes, path.start, end, resource) || '/';
  const isQuery = bytes[path.start] === 0x3f || bytes[path.start] === 0x23;
  return { requestResource: isQuery ? `/${resource}` : resource, endpoint };
}

/** The Host field; userinfo has no place in it and is left out. */
function hostOf(head: Http1Head, text: string): string {
  const end = head.ends[field.host]!;
  if (end < 0) return '';
  const host = unfolded(text.slice(head.starts[field.host]! - head.start, end - head.start));
  return host.slice(host.lastIndexOf('@') + 1).slice(0, maxFieldBytes);
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
    xRequestId: idEnd < 0 ? '' : unfolded(latin1Text(bytes, idStart, Math.min(idEnd, idStart + maxFieldBytes))),
  };
}

/** A header's value; empty when the head does not have it. */
function fieldText(head: Http1Head, text: string, index: number): string {
  const end = head.ends[index]!;
  if (end < 0) return '';
  const start = head.starts[index]!;
  return unfolded(text.slice(start - head.start, Math.min(end, start + maxFieldBytes) - head.start));
}

/** A value over several lines is one with spaces in it (RFC 9112, §5.2). */
function unfolded(value: string): string {
  if (!value.includes('\n')) return value;
  // By hand: a regular expression begins again with each blank of a long run of them.
  const lines = value.split('\n');
  return lines.map((line, index) => line.slice(...textOf(line, index > 0, index + 1 < lines.length))).join(' ');
}

/** What of a line is left without the blanks in front, and those behind. */
function textOf(line: string, cutsFront: boolean, cutsBehind: boolean): [start: number, end: number] {
  let start = 0;
  let end = line.length;
  while (cutsFront && start < end && (line[start] === ' ' || line[start] === '\t')) start++;
  while (cutsBehind && end > start && (line[end - 1] === ' ' || line[end - 1] === '\t' || line[end - 1] === '\r'))
    end--;
  return [start, end];
}

function statusOf(code: number): SpanStatus {
  if (code < 400) return 'ok';
  return code < 500 ? 'client_error' : 'server_error';
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
