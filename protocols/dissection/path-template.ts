import { hexValue } from './ascii.ts';

/**
 * The low-cardinality form of a URL path: query, fragment and matrix parameters dropped, and each segment that looks
 * like an identifier replaced by `{id}`. What looks like one: digits only or digits before an extension, a UUID, eight or
 * more hexadecimal digits with a number among them, four digits or more anywhere, or more than forty bytes. Names with a
 * few digits (v1, oauth2, s3) stay. At most `maxSegments` segments are told apart; the rest becomes `*`.
 */

const maxSegments = 8;
const maxLiteralBytes = 40;
const slash = 0x2f;
const placeholder = '{id}';

function isIdentifier(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length === 0) return false;
  if (length > maxLiteralBytes) return true;
  let digits = 0;
  let hexDigits = 0;
  let hyphens = 0;
  let leadingDigits = 0;
  for (let index = start; index < end; index++) {
    const byte = bytes[index]!;
    if (byte >= 0x30 && byte <= 0x39) {
      digits++;
      hexDigits++;
      if (leadingDigits === index - start) leadingDigits++;
    } else if (hexValue(byte) >= 0) hexDigits++;
    else if (byte === 0x2d) hyphens++;
    else if (byte === 0x40) return true;
  }
  if (digits === 0) return length === 36 && hyphens === 4 && hexDigits === 32;
  if (leadingDigits === length || digits >= 4) return true;
  if (leadingDigits > 0 && bytes[start + leadingDigits] === 0x2e) return true;
  return hexDigits + hyphens === length && hexDigits >= 8;
}

/** The template of the path in `bytes` from `start` up to `end`; `whole` is that run as a string. */
export function pathTemplate(bytes: Buffer, start: number, end: number, whole: string): string {
  let pathEnd = start;
  while (pathEnd < end) {
    const byte = bytes[pathEnd];
    if (byte === 0x3f || byte === 0x23 || byte === 0x3b) break;
    pathEnd++;
  }
  let template = '';
  let literalStart = start;
  let segments = 0;
  let at = start;
  while (at < pathEnd) {
    if (bytes[at] === slash) at++;
    const segmentStart = at;
    while (at < pathEnd && bytes[at] !== slash) at++;
    if (++segments > maxSegments) {
      return template + whole.slice(literalStart - start, segmentStart - start) + '*';
    }
    if (isIdentifier(bytes, segmentStart, at)) {
      template += whole.slice(literalStart - start, segmentStart - start) + placeholder;
      literalStart = at;
    }
  }
  if (literalStart === start) return pathEnd === end ? whole : whole.slice(0, pathEnd - start);
  return template + whole.slice(literalStart - start, pathEnd - start);
}
