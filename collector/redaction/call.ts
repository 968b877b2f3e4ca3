/** One call's payload on its way through redaction, and what a direction of a socket leaves unfinished. */
export interface Call {
  /** The captured prefix; overwritten in place. */
  readonly bytes: Buffer;
  /** Bytes the call moved, at least `bytes.length`. */
  readonly length: number;
}

/** What one direction of a socket left unfinished: the kind in the upper four bits of a word, a value in the others. */
export const unfinished = {
  nothing: 0,
  /** Value: bytes still to overwrite. */
  bytes: 1,
  /** The call ended inside a header name. Value: open << 16 | name << 8 | characters matched. */
  headerName: 2,
  /** The call ended inside a secret header value. Value: open << 16. */
  headerValue: 3,
  /** Bytes of an open head were not captured: the next line may be the rest of a secret. */
  headerGap: 4,
  /** A secret header line ended; the next line may continue it (RFC 9112 section 5.2). Value: open << 16. */
  headerFolded: 5,
  /** Inside a head, with nothing unfinished. Value: line start << 17. */
  headerOpen: 6,
  /** Inside a Redis command. Value: arguments to overwrite << 3 | command. */
  redis: 7,
  /** A MySQL login is under way. */
  mysqlAuth: 8,
  /** A MySQL packet header was read by itself. Value: sequence << 24 | length. */
  mysqlHeader: 9,
  /** The same while a login is under way. */
  mysqlHeaderInAuth: 10,
} as const;

export const maxStateValue = 0x0fffffff;

/** Packs a state word. */
export function stateOf(kind: number, value = 0): number {
  return ((kind << 28) | value) >>> 0;
}

/** Overwrites [from, to) as far as it was captured. */
export function cover(call: Call, from: number, to: number): void {
  if (from < Math.min(to, call.bytes.length)) call.bytes.fill('*', from, Math.min(to, call.bytes.length));
}

/** State of a message that ends at byte `end`, counted from the start of this call: not nothing if that is beyond it. */
export function remaining(call: Call, end: number): number {
  return end <= call.length ? 0 : stateOf(unfinished.bytes, Math.min(end - call.length, maxStateValue));
}

/** Bytes of the call were not captured. */
export function hasGap(call: Call): boolean {
  return call.bytes.length < call.length;
}

/** Position of a byte in [from, end), or -1. */
export function findByte(bytes: Buffer, byte: number, from: number, end: number): number {
  if (from >= end) return -1;
  const found = bytes.indexOf(byte, from);
  return found >= end ? -1 : found;
}

/** An upper-case ASCII letter as its lower case. */
export function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** The bytes at `at` are this text. */
export function starts(bytes: Buffer, at: number, text: string): boolean {
  return bytes.toString('latin1', at, at + text.length) === text;
}

/** The bytes at `at` are this lower-case text in any case. */
export function startsIgnoringCase(bytes: Buffer, at: number, lowerText: string): boolean {
  for (let index = 0; index < lowerText.length; index++) {
    const byte = bytes[at + index];
    if (byte === undefined || lowerCase(byte) !== lowerText.charCodeAt(index)) return false;
  }
  return true;
}

/** Position of this lower-case text in any case within [from, end), or -1. */
export function findIgnoringCase(bytes: Buffer, lowerText: string, from: number, end: number): number {
  for (let at = from; at + lowerText.length <= end; at++) if (startsIgnoringCase(bytes, at, lowerText)) return at;
  return -1;
}

/** A printable ASCII byte, tab, LF or CR. */
export function isText(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** Overwrites to the end of the line; returns the position of its LF, -1 when the line is not finished in this call. */
export function coverLine(call: Call, from: number): number {
  const newline = findByte(call.bytes, 0x0a, from, call.bytes.length);
  let end = newline < 0 ? call.bytes.length : newline;
  if (end > from && call.bytes[end - 1] === 0x0d) end--;
  cover(call, from, end);
  return newline;
}
