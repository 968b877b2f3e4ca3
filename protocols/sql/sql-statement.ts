import { sqlVerbs } from './sql-words.ts';
import { indexOfByte, utf8Text } from '../dissection/ascii.ts';
import { readTraceparent, type TraceContext } from '../dissection/trace-context.ts';

/**
 * What a span says of an SQL statement. One pass over its bytes: comments are dropped (a sqlcommenter traceparent in one is
 * read first), literals and placeholders become `?`, lists of them collapse to one, white space to single spaces. The pass
 * is bounded by the bytes given, and stops early once `maxShapeBytes` of result are made.
 */

const maxShapeBytes = 256;
const maxTextBytes = 1024;
const maxScannedBytes = 2048;

/** How a server's dialect differs where statements are cut into tokens. */
export interface SqlDialect {
  /** A string in double quotes is a literal (MySQL), not a name (PostgreSQL). */
  readonly doubleQuotedLiterals: boolean;
  /** A backslash escapes within plain string literals. */
  readonly backslashEscapes: boolean;
  /** `#` begins a comment. */
  readonly hashComments: boolean;
  /** `$tag$...$tag$` is a literal, `$1` a placeholder. */
  readonly dollarQuotes: boolean;
}

/** MySQL and MariaDB. */
export const mysqlDialect: SqlDialect = {
  doubleQuotedLiterals: true,
  backslashEscapes: true,
  hashComments: true,
  dollarQuotes: false,
};

/** PostgreSQL with standard_conforming_strings. */
export const postgresqlDialect: SqlDialect = {
  doubleQuotedLiterals: false,
  backslashEscapes: false,
  hashComments: false,
  dollarQuotes: true,
};

/** A statement, described. */
export interface SqlStatement {
  /** The statement as it was sent, as far as captured, at most 1024 bytes. */
  readonly text: string;
  /** Its first keyword in upper case, empty when there is no such statement; for WITH, that of the statement behind it where it was captured. */
  readonly verb: string;
  /** The statement without comments and literals. */
  readonly shape: string;
  readonly context: TraceContext | undefined;
}

const space = 0x20;
const question = 0x3f;
const quote = 0x27;
const doubleQuote = 0x22;
const traceparentKey = Buffer.from("traceparent='", 'latin1');

/** Output of the pass; reused, since a pass is synchronous and its result is copied into a string at once. */
const shape = Buffer.alloc(maxShapeBytes + 8);
let shapeLength = 0;

function put(byte: number): void {
  if (shapeLength < maxShapeBytes) shape[shapeLength++] = byte;
}

/** Writes a `?`, or nothing where it would only lengthen a list of them: `?, ?` and `(?), (?)` say no more than one. */
function putPlaceholder(): void {
  let at = shapeLength;
  while (at > 0 && shape[at - 1] === space) at--;
  if (at >= 2 && shape[at - 1] === 0x2c) {
    let before = at - 1;
    while (before > 0 && shape[before - 1] === space) before--;
    if (before > 0 && shape[before - 1] === question) {
      shapeLength = before;
      return;
    }
  }
  put(question);
}

/** Collapses `(?), (?)` once its second list is closed. */
function closeList(): void {
  put(0x29);
  const at = shapeLength;
  if (at < 7 || shape[at - 2] !== question || shape[at - 3] !== 0x28) return;
  let before = at - 3;
  while (before > 0 && shape[before - 1] === space) before--;
  if (shape[before - 1] !== 0x2c) return;
  before--;
  while (before > 0 && shape[before - 1] === space) before--;
  if (before >= 3 && shape[before - 1] === 0x29 && shape[before - 2] === question && shape[before - 3] === 0x28) {
    shapeLength = before;
  }
}

function isWordByte(byte: number): boolean {
  if (byte >= 0x80 || byte === 0x5f) return true;
  if (byte >= 0x30 && byte <= 0x39) return true;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** The position behind the string that opens at `start`. */
function afterString(bytes: Uint8Array, start: number, end: number, backslashEscapes: boolean): number {
  const opening = bytes[start]!;
  let at = start + 1;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === 0x5c && backslashEscapes) at += 2;
    else if (byte !== opening) at++;
    else if (bytes[at + 1] === opening) at += 2;
    else return at + 1;
  }
  return end;
}

/** The position behind the comment that opens at `start` with two bytes; PostgreSQL's nest, but nobody nests them. */
function afterBlockComment(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 2; at + 1 < end; at++) if (bytes[at] === 0x2a && bytes[at + 1] === 0x2f) return at + 2;
  return end;
}

/** The position behind `$tag$...$tag$`; -1 when no tag opens at `start`. */
function afterDollarQuote(bytes: Uint8Array, start: number, end: number): number {
  let tagEnd = start + 1;
  while (tagEnd < end && isWordByte(bytes[tagEnd]!) && tagEnd - start < 64) tagEnd++;
  if (bytes[tagEnd] !== 0x24) return -1;
  const tagLength = tagEnd + 1 - start;
  for (let at = tagEnd + 1; at + tagLength <= end; at++) {
    let same = 0;
    while (same < tagLength && bytes[at + same] === bytes[start + same]) same++;
    if (same === tagLength) return at + tagLength;
  }
  return end;
}

function findContext(bytes: Buffer, start: number, end: number): TraceContext | undefined {
  for (let at = start; at + traceparentKey.length < end; at++) {
    if (bytes[at] !== traceparentKey[0]) continue;
    let same = 1;
    while (same < traceparentKey.length && bytes[at + same] === traceparentKey[same]) same++;
    if (same < traceparentKey.length) continue;
    const value = at + traceparentKey.length;
    const close = indexOfByte(bytes, quote, value, end);
    return close < 0 ? undefined : readTraceparent(bytes, value, close);
  }
  return undefined;
}

/** Whether a statement begins with this word in one of the dialects; upper case. */
export function isVerb(word: string): boolean {
  return verbs.has(word);
}

/** Whether a word that goes on may become one. */
export function isVerbStart(part: string): boolean {
  for (const verb of verbs) if (verb.startsWith(part)) return true;
  return false;
}

const mainVerbs: ReadonlySet<string> = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'REPLACE']);
const maxVerbBytes = 20;
/** Keywords statements begin with in one of the dialects; anything else has no verb, so that typing errors stay out. */
const verbs: ReadonlySet<string> = new Set(sqlVerbs);

/** Describes the statement in `bytes` from `start` up to `end`. */
export function describeStatement(bytes: Buffer, start: number, end: number, dialect: SqlDialect): SqlStatement {
  shapeLength = 0;
  let context: TraceContext | undefined;
  let verb = '';
  let sawWord = false;
  let depth = 0;
  let pendingSpace = false;
  let at = start;
  const scanEnd = Math.min(end, start + maxScannedBytes);
  while (at < scanEnd) {
    const byte = bytes[at]!;
    if (byte <= space) {
      pendingSpace = true;
      at++;
      continue;
    }
    const next = bytes[at + 1];
    if (byte === 0x2f && next === 0x2a && bytes[at + 2] === 0x21 && dialect.hashComments) {
      // MySQL runs what stands in /*!40101 ... */.
      at += 3;
      while (at < scanEnd && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++;
      pendingSpace = true;
      continue;
    }
    if (byte === 0x2a && next === 0x2f) {
      pendingSpace = true;
      at += 2;
      continue;
    }
    if (byte === 0x2f && next === 0x2a) {
      const close = afterBlockComment(bytes, at, scanEnd);
      context ??= findContext(bytes, at, close);
      pendingSpace = true;
      at = close;
      continue;
    }
    if ((byte === 0x2d && next === 0x2d) || (byte === 0x23 && dialect.hashComments)) {
      const close = indexOfByte(bytes, 0x0a, at, scanEnd);
      at = close < 0 ? scanEnd : close;
      continue;
    }
    if (pendingSpace) {
      if (shapeLength > 0) put(space);
      pendingSpace = false;
    }
    if (byte === quote || (byte === doubleQuote && dialect.doubleQuotedLiterals)) {
      const escapes = dialect.backslashEscapes || lastWordIs(0x45);
      dropLiteralPrefix();
      putPlaceholder();
      at = afterString(bytes, at, scanEnd, escapes);
    } else if (byte === doubleQuote || byte === 0x60) {
      const close = afterString(bytes, at, scanEnd, false);
      for (; at < close; at++) put(bytes[at]!);
    } else if (byte === 0x24 && dialect.dollarQuotes && next !== undefined) {
      if (next >= 0x30 && next <= 0x39) {
        at += 2;
        while (at < scanEnd && isWordByte(bytes[at]!)) at++;
        putPlaceholder();
      } else {
        const close = afterDollarQuote(bytes, at, scanEnd);
        if (close < 0) {
          put(byte);
          at++;
        } else {
          putPlaceholder();
          at = close;
        }
      }
    } else if (byte === question) {
      putPlaceholder();
      at++;
    } else if (byte === 0x2a && next === 0x2a) {
      // A number that the host has covered.
      dropSign();
      while (at < scanEnd && bytes[at] === 0x2a) at++;
      putPlaceholder();
    } else if (byte >= 0x30 && byte <= 0x39) {
      dropSign();
      while (at < scanEnd && (isWordByte(bytes[at]!) || bytes[at] === 0x2e || isExponentSign(bytes, at))) at++;
      putPlaceholder();
    } else if (isWordByte(byte)) {
      const wordStart = at;
      while (at < scanEnd && (isWordByte(bytes[at]!) || bytes[at] === 0x24)) put(bytes[at++]!);
      if (!sawWord || (verb === 'WITH' && depth === 0)) {
        const word = at - wordStart <= maxVerbBytes ? utf8Text(bytes, wordStart, at).toUpperCase() : '';
        if (!sawWord ? verbs.has(word) : mainVerbs.has(word)) verb = word;
        sawWord = true;
      }
    } else {
      if (byte === 0x28) depth++;
      else if (byte === 0x29) depth--;
      if (byte === 0x29) closeList();
      else put(byte);
      at++;
    }
    if (shapeLength >= maxShapeBytes && verb !== 'WITH') break;
  }
  // The statement may be longer than what is shown of it; the comment with the trace context stands at its end.
  if (context === undefined && at < scanEnd) context = findContext(bytes, at, scanEnd);
  while (shapeLength > 0 && (shape[shapeLength - 1] === 0x3b || shape[shapeLength - 1] === space)) shapeLength--;
  return {
    text: utf8Text(bytes, start, Math.min(end, start + maxTextBytes)),
    verb,
    shape: utf8Text(shape, 0, shapeLength),
    context,
  };
}

/** Whether the last byte of the result is a word of the one letter `upper`, as in E'...'. */
function lastWordIs(upper: number): boolean {
  if (shapeLength === 0 || (shape[shapeLength - 1]! & 0xdf) !== upper) return false;
  return shapeLength === 1 || !isWordByte(shape[shapeLength - 2]!);
}

/** Takes back the N, X, B or E that belongs to the literal behind it. */
function dropLiteralPrefix(): void {
  if (lastWordIs(0x4e) || lastWordIs(0x58) || lastWordIs(0x42) || lastWordIs(0x45)) shapeLength--;
}

/** Takes back a minus or plus that belongs to the number behind it: after an operator, a comma or a parenthesis. */
function dropSign(): void {
  const sign = shape[shapeLength - 1];
  if (shapeLength === 0 || (sign !== 0x2d && sign !== 0x2b)) return;
  let before = shapeLength - 1;
  while (before > 0 && shape[before - 1] === space) before--;
  const previous = before > 0 ? shape[before - 1]! : 0x28;
  if (previous === 0x28 || previous === 0x2c || previous === 0x3d || previous === 0x3c || previous === 0x3e)
    shapeLength--;
}

function isExponentSign(bytes: Uint8Array, at: number): boolean {
  const byte = bytes[at];
  return (byte === 0x2d || byte === 0x2b) && (bytes[at - 1]! | 0x20) === 0x65 && bytes[at - 2]! <= 0x39;
}
