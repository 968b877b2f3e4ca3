import { isDigit, latin1Text } from './ascii.ts';

/** The first lines of HTTP/1 messages: what a request line and a status line look like (RFC 9112, §3 and §4). */

/** `partial`: right as far as it goes, but the line is not all there. */
export type LineVerdict = 'yes' | 'partial' | 'no';

const space = 0x20;
const maxMethodBytes = 20;
const versionPrefix = Buffer.from('HTTP/1.', 'latin1');
const absolutePrefix = Buffer.from('http', 'latin1');

function startsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  const count = Math.min(prefix.length, end - start);
  for (let index = 0; index < count; index++) if (bytes[start + index] !== prefix[index]) return false;
  return true;
}

/** The end of the method at `start`; -1 if these bytes are no method. */
export function methodEnd(bytes: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end, start + maxMethodBytes);
  for (let at = start; at < limit; at++) {
    const byte = bytes[at]!;
    if (byte === space) return at === start ? -1 : at;
    if ((byte < 0x41 || byte > 0x5a) && byte !== 0x2d && byte !== 0x5f) return -1;
  }
  return limit === end && end > start ? end : -1;
}

/** The method's name; the common ones without making a string. */
export function methodName(bytes: Buffer, start: number, end: number): string {
  if (end - start === 3) {
    if (bytes[start] === 0x47 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54) return 'GET';
    if (bytes[start] === 0x50 && bytes[start + 1] === 0x55 && bytes[start + 2] === 0x54) return 'PUT';
  } else if (end - start === 4) {
    if (bytes[start] === 0x50 && bytes[start + 1] === 0x4f && bytes[start + 2] === 0x53) return 'POST';
    if (bytes[start] === 0x48 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x41) return 'HEAD';
  }
  return latin1Text(bytes, start, end);
}

/** Judges a request line; `complete` says whether `lineEnd` is its real end. */
export function judgeRequestLine(bytes: Uint8Array, start: number, lineEnd: number, complete: boolean): LineVerdict {
  const method = methodEnd(bytes, start, lineEnd);
  if (method < 0) return 'no';
  if (method + 1 >= lineEnd) return complete ? 'no' : 'partial';
  const first = bytes[method + 1]!;
  if (first !== 0x2f) {
    const isConnect = bytes[start] === 0x43 && method - start === 7;
    const isAsterisk = first === 0x2a && (method + 2 >= lineEnd || bytes[method + 2] === space);
    if (!isAsterisk && !isConnect && !startsWith(bytes, method + 1, lineEnd, absolutePrefix)) return 'no';
  }
  if (!complete) return 'partial';
  const version = lineEnd - 8;
  if (version <= method + 1 || bytes[version - 1] !== space) return 'no';
  return startsWith(bytes, version, lineEnd, versionPrefix) && isDigit(bytes[lineEnd - 1]) ? 'yes' : 'no';
}

/** Judges a status line. */
export function judgeStatusLine(bytes: Uint8Array, start: number, lineEnd: number, complete: boolean): LineVerdict {
  if (!startsWith(bytes, start, lineEnd, versionPrefix)) return 'no';
  if (lineEnd - start < 12) return complete ? 'no' : 'partial';
  if (!isDigit(bytes[start + 7]) || bytes[start + 8] !== space) return 'no';
  const hundreds = bytes[start + 9]! - 0x30;
  if (hundreds < 1 || hundreds > 9 || !isDigit(bytes[start + 10]) || !isDigit(bytes[start + 11])) return 'no';
  return lineEnd - start === 12 || bytes[start + 12] === space ? 'yes' : 'no';
}

/** Whether these bytes hold nothing a start line may not hold; used where a line is judged without its end. */
export function isPrintableRun(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte < 0x20 || byte === 0x7f) return false;
  }
  return true;
}

/** Judges the start line at `start`, looking for its end itself. */
export function judgeStart(bytes: Uint8Array, start: number, end: number, isRequest: boolean): LineVerdict {
  let lineEnd = start;
  while (lineEnd < end && bytes[lineEnd] !== 0x0a) lineEnd++;
  const complete = lineEnd < end;
  if (complete && lineEnd > start && bytes[lineEnd - 1] === 0x0d) lineEnd--;
  const verdict = isRequest
    ? judgeRequestLine(bytes, start, lineEnd, complete)
    : judgeStatusLine(bytes, start, lineEnd, complete);
  if (verdict === 'no' || isPrintableRun(bytes, start, complete ? lineEnd : Math.max(start, lineEnd - 1)))
    return verdict;
  return 'no';
}
