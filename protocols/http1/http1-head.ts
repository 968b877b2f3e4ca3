import { decimalAt, latin1Text, matchesAt } from '../dissection/ascii.ts';
import { behindBlankLines } from './http1-start-line.ts';

/**
 * Reads the head of an HTTP/1 message in one pass over its bytes and notes where things are; strings are made later and
 * only of what is reported. Only complete lines count: half an id at the end of what was captured is no id.
 */

/** Header fields that matter here, as indices into `starts` and `ends`. */
export const field = {
  host: 0,
  xRequestId: 1,
  forwardedFor: 2,
  userAgent: 3,
  traceparent: 4,
  b3: 5,
  b3TraceId: 6,
  b3SpanId: 7,
  uberTraceId: 8,
  sw8: 9,
  contentLength: 10,
  transferEncoding: 11,
} as const;
const fieldCount = 12;

function name(text: string): Uint8Array {
  return Buffer.from(`${text}:`, 'latin1');
}

interface FieldName {
  readonly name: Uint8Array;
  readonly index: number;
}

const byFirstLetter: readonly (readonly FieldName[] | undefined)[] = (() => {
  const table: (FieldName[] | undefined)[] = new Array<FieldName[] | undefined>(128).fill(undefined);
  const names: readonly (readonly [string, number])[] = [
    ['host', field.host],
    ['x-request-id', field.xRequestId],
    ['x-forwarded-for', field.forwardedFor],
    ['user-agent', field.userAgent],
    ['traceparent', field.traceparent],
    ['b3', field.b3],
    ['x-b3-traceid', field.b3TraceId],
    ['x-b3-spanid', field.b3SpanId],
    ['uber-trace-id', field.uberTraceId],
    ['sw8', field.sw8],
    ['content-length', field.contentLength],
    ['transfer-encoding', field.transferEncoding],
  ];
  for (const [text, index] of names) {
    const letter = text.charCodeAt(0);
    (table[letter] ??= []).push({ name: name(text), index });
  }
  return table;
})();

/** A longer head is not read to its end. */
export const maxHeadBytes = 8192;

/** Positions found by the last `read`. One is reused for all connections: a reader copies what it needs at once. */
export class Http1Head {
  /** First byte of the start line; empty lines before it are passed over (RFC 9112, §2.2). */
  start = 0;
  /** End of the start line without its line break; of what is there, when the line is not complete. */
  lineEnd = 0;
  /** Whether the whole start line is there. */
  lineComplete = false;
  /** Whether the head is there up to its empty line. */
  complete = false;
  /** First byte behind a complete head. */
  next = 0;
  /** The bytes from `start` on as text, where that was asked for. */
  text = '';
  readonly starts = new Int32Array(fieldCount);
  readonly ends = new Int32Array(fieldCount);

  /**
   * Reads a head from `position` and tells whether it is complete; the start line is for the caller to judge. A head of
   * which much will be reported becomes text first: finding line ends in text costs half of finding them in bytes.
   */
  read(bytes: Buffer, position: number, end: number, asText: boolean): boolean {
    let at = behindBlankLines(bytes, position, end);
    this.start = at;
    this.text = asText ? latin1Text(bytes, at, Math.min(end, at + maxHeadBytes)) : '';
    for (let index = 0; index < fieldCount; index++) this.ends[index] = -1;
    this.complete = false;
    at = this.lineBreak(bytes, at, end);
    this.lineEnd = at > this.start && bytes[at - 1] === 0x0d ? at - 1 : at;
    this.lineComplete = at < end;
    at++;
    let noted = -1;
    while (at < end) {
      const lineStart = at;
      const first = bytes[at]!;
      if (first === 0x0a || (first === 0x0d && bytes[at + 1] === 0x0a)) {
        this.next = first === 0x0a ? at + 1 : at + 2;
        this.complete = true;
        return true;
      }
      at = this.lineBreak(bytes, at, end);
      if (at >= end) return false;
      if (first === 0x20 || first === 0x09) {
        if (noted >= 0) this.extend(noted, bytes, lineStart, at);
      } else {
        const candidates = byFirstLetter[(first | 0x20) & 0x7f];
        noted = candidates === undefined ? -1 : this.note(candidates, bytes, lineStart, at);
      }
      at++;
    }
    return false;
  }

  private lineBreak(bytes: Buffer, from: number, end: number): number {
    if (this.text !== '') {
      const found = this.text.indexOf('\n', from - this.start);
      return found < 0 ? end : found + this.start;
    }
    let at = from;
    while (at < end && bytes[at] !== 0x0a) at++;
    return at;
  }

  /** The declared length of the body; -1 when there is none or it is not a number. */
  contentLength(bytes: Uint8Array): number {
    const end = this.ends[field.contentLength]!;
    return end < 0 ? -1 : decimalAt(bytes, this.starts[field.contentLength]!, end);
  }

  /** Whether the body comes in chunks: the last transfer coding is `chunked`. */
  chunked(bytes: Uint8Array): boolean {
    const end = this.ends[field.transferEncoding]!;
    return end >= 0 && end - chunkedName.length >= this.starts[field.transferEncoding]!
      ? matchesAt(bytes, end - chunkedName.length, end, chunkedName)
      : false;
  }

  /** Whether the body's length follows from how it is coded for transfer, and not from a declared length. */
  coded(bytes: Uint8Array): boolean {
    const start = this.starts[field.transferEncoding]!;
    const end = this.ends[field.transferEncoding]!;
    return end > start && !(end - start === identityName.length && matchesAt(bytes, start, end, identityName));
  }

  /** Returns which field was noted, -1 when none was. */
  private note(candidates: readonly FieldName[], bytes: Buffer, lineStart: number, lineEnd: number): number {
    for (const candidate of candidates) {
      if (!matchesAt(bytes, lineStart, lineEnd, candidate.name)) continue;
      let start = lineStart + candidate.name.length;
      let end = lineEnd;
      while (start < end && (bytes[start] === 0x20 || bytes[start] === 0x09)) start++;
      while (end > start && bytes[end - 1]! <= 0x20) end--;
      // The first of several fields of a name stands, but a repeated Transfer-Encoding replaces it: the last one frames.
      if (this.ends[candidate.index]! < 0 || candidate.index === field.transferEncoding) {
        this.starts[candidate.index] = start;
        this.ends[candidate.index] = end;
        return candidate.index;
      }
      return -1;
    }
    return -1;
  }

  /** A line that begins with white space goes on with the value before it (RFC 9112, §5.2). */
  private extend(index: number, bytes: Buffer, lineStart: number, lineEnd: number): void {
    let start = lineStart;
    let end = lineEnd;
    while (end > start && bytes[end - 1]! <= 0x20) end--;
    while (start < end && (bytes[start] === 0x20 || bytes[start] === 0x09)) start++;
    if (start === end) return;
    if (this.ends[index] === this.starts[index]) this.starts[index] = start;
    this.ends[index] = end;
  }
}

const chunkedName = Buffer.from('chunked', 'latin1');
const identityName = Buffer.from('identity', 'latin1');
