import { hexValue, isHexRun, latin1Text } from './ascii.ts';

/**
 * Trace ids of the caller, as the tracing systems write them into headers: W3C traceparent, B3, Jaeger's uber-trace-id,
 * SkyWalking's sw8. Each reader takes a run of bytes and returns undefined for anything malformed: a wrong id is worse
 * than none.
 */

/** Trace and span id of a caller, in lower case. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
}

const hyphen = 0x2d;
const maxSw8PartBytes = 128;

function isZeroRun(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start; index < end; index++) if (bytes[index] !== 0x30) return false;
  return true;
}

function hexText(bytes: Buffer, start: number, end: number): string {
  return latin1Text(bytes, start, end).toLowerCase();
}

/** Reads `00-<32 hex>-<16 hex>-<flags>` (W3C Trace Context, §3.2). */
export function readTraceparent(bytes: Buffer, start: number, end: number): TraceContext | undefined {
  if (end - start < 55) return undefined;
  if (hexValue(bytes[start]) < 0 || hexValue(bytes[start + 1]) < 0 || bytes[start + 2] !== hyphen) return undefined;
  if (bytes[start] === 0x66 && bytes[start + 1] === 0x66) return undefined;
  const traceStart = start + 3;
  const spanStart = traceStart + 33;
  if (bytes[traceStart + 32] !== hyphen || bytes[spanStart + 16] !== hyphen) return undefined;
  if (!isHexRun(bytes, traceStart, traceStart + 32) || !isHexRun(bytes, spanStart, spanStart + 16)) return undefined;
  if (isZeroRun(bytes, traceStart, traceStart + 32) || isZeroRun(bytes, spanStart, spanStart + 16)) return undefined;
  const text = hexText(bytes, traceStart, spanStart + 16);
  return { traceId: text.slice(0, 32), spanId: text.slice(33) };
}

/** Reads a trace id of its own header (X-B3-TraceId: 16 or 32 hex digits); empty when malformed. */
export function readB3TraceId(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  if ((length !== 16 && length !== 32) || !isHexRun(bytes, start, end) || isZeroRun(bytes, start, end)) return '';
  return hexText(bytes, start, end);
}

/** Reads a span id of its own header (X-B3-SpanId: 16 hex digits); empty when malformed. */
export function readB3SpanId(bytes: Buffer, start: number, end: number): string {
  return end - start === 16 && isHexRun(bytes, start, end) ? hexText(bytes, start, end) : '';
}

/** Reads the single b3 header: `<trace>-<span>[-<sampled>[-<parent>]]`. */
export function readB3(bytes: Buffer, start: number, end: number): TraceContext | undefined {
  let cut = start;
  while (cut < end && bytes[cut] !== hyphen) cut++;
  const traceId = readB3TraceId(bytes, start, cut);
  const spanEnd = cut + 17;
  if (traceId === '' || spanEnd > end || (spanEnd < end && bytes[spanEnd] !== hyphen)) return undefined;
  const spanId = readB3SpanId(bytes, cut + 1, spanEnd);
  return spanId === '' ? undefined : { traceId, spanId };
}

/** Reads Jaeger's `<trace>:<span>:<parent>:<flags>`, colons plain or as %3A; ids are padded, Jaeger drops leading zeros. */
export function readUberTraceId(bytes: Buffer, start: number, end: number): TraceContext | undefined {
  let at = start;
  while (at < end && hexValue(bytes[at]) >= 0) at++;
  const traceLength = at - start;
  const separator = bytes[at] === 0x3a ? 1 : 3;
  if (separator === 3 && !(bytes[at] === 0x25 && bytes[at + 1] === 0x33 && ((bytes[at + 2] ?? 0) | 0x20) === 0x61)) {
    return undefined;
  }
  const spanStart = at + separator;
  let spanEnd = spanStart;
  while (spanEnd < end && hexValue(bytes[spanEnd]) >= 0) spanEnd++;
  const spanLength = spanEnd - spanStart;
  if (spanEnd >= end || (bytes[spanEnd] !== 0x3a && bytes[spanEnd] !== 0x25)) return undefined;
  if (traceLength < 1 || traceLength > 32 || spanLength < 1 || spanLength > 16 || isZeroRun(bytes, start, at)) {
    return undefined;
  }
  return {
    traceId: hexText(bytes, start, at).padStart(traceLength > 16 ? 32 : 16, '0'),
    spanId: hexText(bytes, spanStart, spanEnd).padStart(16, '0'),
  };
}

function isPrintable(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return text.length > 0;
}

/**
 * Reads SkyWalking's `<sample>-<trace>-<segment>-<span index>-...`, the ids in base64. The span id is `segment-index`,
 * as SkyWalking itself names a span.
 */
export function readSw8(bytes: Buffer, start: number, end: number): TraceContext | undefined {
  const cuts: number[] = [];
  for (let at = start; at < end && cuts.length < 4; at++) if (bytes[at] === hyphen) cuts.push(at);
  const [first, second, third, fourth] = cuts;
  if (first === undefined || second === undefined || third === undefined) return undefined;
  if (first - start !== 1 || second - first > maxSw8PartBytes || third - second > maxSw8PartBytes) return undefined;
  const indexEnd = fourth ?? end;
  for (let at = third + 1; at < indexEnd; at++) if (bytes[at]! < 0x30 || bytes[at]! > 0x39) return undefined;
  if (indexEnd === third + 1 || indexEnd - third > 10) return undefined;
  const traceId = Buffer.from(latin1Text(bytes, first + 1, second), 'base64').toString('latin1');
  const segmentId = Buffer.from(latin1Text(bytes, second + 1, third), 'base64').toString('latin1');
  if (!isPrintable(traceId) || !isPrintable(segmentId)) return undefined;
  return {
    traceId: traceId.toLowerCase(),
    spanId: `${segmentId}-${latin1Text(bytes, third + 1, indexEnd)}`.toLowerCase(),
  };
}
