import { isDigit, latin1Text } from '../dissection/ascii.ts';

/**
 * The first lines of HTTP/1 messages: what a request line and a status line look like (RFC 9112, §3 and §4). A method is any
 * token and a target any text: what tells a request line from the lines of other protocols (RTSP, SIP, ICAP, Redis) is the
 * version at its end. Of a line whose end is not there only the usual methods and targets are believed.
 */

/** `partial`: right as far as it goes, but the line is not all there. */
export type LineVerdict = 'yes' | 'partial' | 'no';

const space = 0x20;
const slash = 0x2f;
const maxMethodBytes = 64;
const leastMethodBytes = 3;
const versionBytes = 8;
/** Longer than any key of memcached, which has commands with the names of methods too. */
const leastBytesOfLongTarget = 256;
const versionPrefix = Buffer.from('HTTP/1.', 'latin1');
const usualSchemes = ['http://', 'https://', 'ws://', 'wss://', 'ftp://'].map((text) => Buffer.from(text, 'latin1'));
const usualMethods = new Set(['get', 'head', 'post', 'put', 'delete', 'connect', 'options', 'trace', 'patch']);

const isTokenByte = Uint8Array.from({ length: 256 }, (_, byte) =>
  /^[!#$%&'*+.^_`|~0-9A-Za-z-]$/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/** Where the target of a request line is, and whether its end was seen. */
export interface TargetPlace {
  readonly start: number;
  readonly end: number;
  readonly isWhole: boolean;
}

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
    if (isTokenByte[byte] === 0) return -1;
  }
  return limit === end && end > start ? end : -1;
}

/** The method's name; the common ones without making a string. */
export function methodName(bytes: Buffer, start: number, end: number): string {
  if (end - start === 3) {
    if (bytes[start] === 0x47 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54) return 'GET';
    if (bytes[start] === 0x50 && bytes[start + 1] === 0x55 && bytes[start + 2] === 0x54) return 'PUT';
  } else if (end - start === 4 && bytes[start + 3] === 0x54) {
    if (bytes[start] === 0x50 && bytes[start + 1] === 0x4f && bytes[start + 2] === 0x53) return 'POST';
  }
  return latin1Text(bytes, start, end);
}

/** Where the version of a complete request line begins, whose method ends at `method`; -1 when it has none. */
function versionStart(bytes: Uint8Array, method: number, lineEnd: number): number {
  let end = lineEnd;
  while (end > method && bytes[end - 1] === space) end--;
  const version = end - versionBytes;
  if (version <= method + 1 || bytes[version - 1] !== space) return -1;
  return startsWith(bytes, version, end, versionPrefix) && isDigit(bytes[end - 1]) ? version : -1;
}

/** The target of a request line that was judged to be one, and of which the method ends at `method`. */
export function requestTarget(bytes: Uint8Array, method: number, lineEnd: number, complete: boolean): TargetPlace {
  let start = method;
  while (start < lineEnd && bytes[start] === space) start++;
  if (complete) {
    let end = versionStart(bytes, method, lineEnd);
    while (end > start && bytes[end - 1] === space) end--;
    return { start, end: Math.max(start, end), isWhole: true };
  }
  let end = start;
  while (end < lineEnd && bytes[end] !== space) end++;
  return { start, end, isWhole: end < lineEnd };
}

/** The minor version of a complete request line: `1.0` or `1.1`. */
export function requestVersion(bytes: Uint8Array, method: number, lineEnd: number): string {
  return bytes[versionStart(bytes, method, lineEnd) + versionBytes - 1] === 0x30 ? '1.0' : '1.1';
}

/** Judges a request line; `complete` says whether `lineEnd` is its real end. */
export function judgeRequestLine(bytes: Uint8Array, start: number, lineEnd: number, complete: boolean): LineVerdict {
  const method = methodEnd(bytes, start, lineEnd);
  if (method < 0) return 'no';
  if (complete) {
    const version = versionStart(bytes, method, lineEnd);
    if (version < 0) return 'no';
    for (let at = method; at < version; at++) if (bytes[at] !== space) return 'yes';
    return 'no';
  }
  const target = requestTarget(bytes, method, lineEnd, false);
  if (!target.isWhole || mayBeVersion(bytes, target.end, lineEnd)) return 'partial';
  // A target with spaces is none, but is what some clients send.
  return bytes[target.start] === slash && isUpperCase(bytes, start, method) ? 'partial' : 'no';
}

/** Whether nothing but the version follows at `position`, as far as the line goes. */
function mayBeVersion(bytes: Uint8Array, position: number, lineEnd: number): boolean {
  let start = position;
  while (start < lineEnd && bytes[start] === space) start++;
  if (!startsWith(bytes, start, lineEnd, versionPrefix)) return false;
  for (let at = start + versionPrefix.length; at < lineEnd; at++)
    if (at === start + versionPrefix.length ? !isDigit(bytes[at]) : bytes[at] !== space) return false;
  return true;
}

/**
 * Whether a request line without its end is one beyond doubt: the rest may lie beyond what was captured. A whole version
 * behind the target leaves none; else it is an upper-case method with a usual target, or a usual method in any case with a
 * target of a length that other protocols do not have.
 */
export function isTellingRequestLine(bytes: Buffer, start: number, lineEnd: number): boolean {
  const method = methodEnd(bytes, start, lineEnd);
  if (method < 0 || method - start < leastMethodBytes) return false;
  const target = requestTarget(bytes, method, lineEnd, false);
  if (target.end === target.start) return false;
  if (target.isWhole) {
    if (!mayBeVersion(bytes, target.end, lineEnd)) return false;
    if (lineEnd - target.end > versionPrefix.length) return true;
  }
  if (isUpperCase(bytes, start, method)) return isUsualTarget(bytes, start, method, target);
  const isLong = target.end - target.start >= leastBytesOfLongTarget;
  return isLong && bytes[target.start] === slash && isUsualMethod(bytes, start, method);
}

function isUpperCase(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if ((byte < 0x41 || byte > 0x5a) && byte !== 0x2d && byte !== 0x5f) return false;
  }
  return true;
}

function isUsualMethod(bytes: Buffer, start: number, end: number): boolean {
  return usualMethods.has(latin1Text(bytes, start, end).toLowerCase());
}

/** Whether the bytes begin with one of the methods of RFC 9110 or PATCH, as it is written. */
export function beginsWithUsualMethod(bytes: Buffer): boolean {
  const end = methodEnd(bytes, 0, bytes.length);
  return end > 0 && isUpperCase(bytes, 0, end) && isUsualMethod(bytes, 0, end);
}

function isUsualTarget(bytes: Buffer, start: number, method: number, { start: first, end }: TargetPlace): boolean {
  if (bytes[first] === slash) return true;
  if (latin1Text(bytes, start, method) === 'CONNECT') return isHostAndPort(bytes, first, end);
  const beginning = Buffer.from(latin1Text(bytes, first, Math.min(end, first + 8)).toLowerCase(), 'latin1');
  return usualSchemes.some(
    (scheme) => beginning.length >= scheme.length && startsWith(beginning, 0, scheme.length, scheme),
  );
}

/** Whether the run is a host and at least a digit of a port: NATS has a CONNECT too, with an object behind it. */
function isHostAndPort(bytes: Buffer, start: number, end: number): boolean {
  return /^[^\s"{}/\\]+:\d/.test(latin1Text(bytes, start, Math.min(end, start + leastBytesOfLongTarget)));
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
function isPrintableRun(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte < 0x20 || byte === 0x7f) return false;
  }
  return true;
}

/** The first byte of the start line: empty lines before it are passed over (RFC 9112, §2.2). */
export function behindBlankLines(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === 0x0d || bytes[at] === 0x0a)) at++;
  return at;
}

/** A start line that was found, and whether its line break was. */
interface FoundLine {
  readonly start: number;
  readonly end: number;
  readonly complete: boolean;
}

function findLine(bytes: Uint8Array, position: number, end: number): FoundLine {
  const start = behindBlankLines(bytes, position, end);
  let lineEnd = start;
  while (lineEnd < end && bytes[lineEnd] !== 0x0a) lineEnd++;
  const complete = lineEnd < end;
  if (lineEnd > start && bytes[lineEnd - 1] === 0x0d) lineEnd--;
  return { start, end: lineEnd, complete };
}

/** Judges the start line at `position`, looking for its end itself. */
export function judgeStart(bytes: Uint8Array, position: number, end: number, isRequest: boolean): LineVerdict {
  const { start, end: lineEnd, complete } = findLine(bytes, position, end);
  if (start >= end) return 'partial';
  const verdict = isRequest
    ? judgeRequestLine(bytes, start, lineEnd, complete)
    : judgeStatusLine(bytes, start, lineEnd, complete);
  return verdict === 'no' || isPrintableRun(bytes, start, lineEnd) ? verdict : 'no';
}

/** Whether the start line at `position`, complete or not, is one of a request beyond doubt. */
export function tellsRequest(bytes: Buffer, position: number, end: number): boolean {
  const verdict = judgeStart(bytes, position, end, true);
  if (verdict !== 'partial') return verdict === 'yes';
  const line = findLine(bytes, position, end);
  return isTellingRequestLine(bytes, line.start, line.end);
}
