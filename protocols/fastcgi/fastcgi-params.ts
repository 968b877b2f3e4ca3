import { latin1Text } from '../dissection/ascii.ts';
import { noHeaders, type RequestHeaders } from '../dissection/dissector.ts';
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

/** What the parameters of a request say: name-value pairs, each with two lengths before it (specification, section 3.4). */

const maxResourceBytes = 1024;
const maxFieldBytes = 256;

/** A value among the bytes of all parameters. */
interface Value {
  readonly start: number;
  readonly end: number;
}

/** What a request is, by its parameters. */
export interface FastcgiRequest {
  readonly requestType: string;
  readonly requestDomain: string;
  readonly requestResource: string;
  readonly endpoint: string;
  readonly headers: RequestHeaders;
}

/** Of a request of which no parameter was captured. */
export const unknownRequest: FastcgiRequest = {
  requestType: '',
  requestDomain: '',
  requestResource: '',
  endpoint: '',
  headers: noHeaders,
};

/** Reads the parameters, as far as they were captured: half a value is none, except of what was asked for. */
export function readParams(bytes: Buffer): FastcgiRequest {
  const values = new Map<string, Value>();
  for (let at = 0; at < bytes.length;) {
    const name = readLength(bytes, at);
    const value = name === undefined ? undefined : readLength(bytes, name.next);
    if (name === undefined || value === undefined) break;
    const start = value.next + name.length;
    const end = start + value.length;
    const text = latin1Text(bytes, value.next, Math.min(start, value.next + maxFieldBytes));
    const isWhole = end <= bytes.length;
    if (start > bytes.length || (!isWhole && text !== 'REQUEST_URI')) break;
    if (!values.has(text)) values.set(text, { start, end: Math.min(end, bytes.length) });
    at = end;
  }
  const text = (name: string, most = maxFieldBytes): string => {
    const value = values.get(name);
    return value === undefined ? '' : latin1Text(bytes, value.start, Math.min(value.end, value.start + most));
  };
  const resource = resourceOf((name) => text(name, maxResourceBytes));
  const asBytes = Buffer.from(resource, 'latin1');
  const context = readContext(bytes, values);
  return {
    requestType: text('REQUEST_METHOD'),
    requestDomain: text('HTTP_HOST') || text('SERVER_NAME'),
    requestResource: resource,
    endpoint: pathTemplate(asBytes, 0, asBytes.length, resource) || (resource === '' ? '' : '/'),
    headers: {
      traceId: context?.traceId ?? '',
      spanId: context?.spanId ?? '',
      xRequestId: text('HTTP_X_REQUEST_ID'),
      forwardedFor: text('HTTP_X_FORWARDED_FOR'),
      userAgent: text('HTTP_USER_AGENT'),
    },
  };
}

/** The target of the HTTP request; without it, what the server found for it. */
function resourceOf(text: (name: string) => string): string {
  const target = text('REQUEST_URI') || text('DOCUMENT_URI');
  if (target !== '') return target;
  const script = `${text('SCRIPT_NAME')}${text('PATH_INFO')}`;
  return script === '' ? text('SCRIPT_FILENAME') : script;
}

/** A length of one byte, or of four with the highest bit set. */
function readLength(bytes: Buffer, at: number): { readonly length: number; readonly next: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first < 0x80) return { length: first, next: at + 1 };
  return at + 4 > bytes.length ? undefined : { length: bytes.readUInt32BE(at) & 0x7fff_ffff, next: at + 4 };
}

/** The caller's trace context, of the first header that holds a valid one. */
function readContext(bytes: Buffer, values: ReadonlyMap<string, Value>): TraceContext | undefined {
  const by = <Found>(name: string, read: (bytes: Buffer, start: number, end: number) => Found): Found | undefined => {
    const value = values.get(name);
    return value === undefined ? undefined : read(bytes, value.start, value.end);
  };
  const context = by('HTTP_TRACEPARENT', readTraceparent) ?? by('HTTP_B3', readB3);
  if (context !== undefined) return context;
  const traceId = by('HTTP_X_B3_TRACEID', readB3TraceId) ?? '';
  if (traceId !== '') return { traceId, spanId: by('HTTP_X_B3_SPANID', readB3SpanId) ?? '' };
  return by('HTTP_UBER_TRACE_ID', readUberTraceId) ?? by('HTTP_SW8', readSw8);
}
