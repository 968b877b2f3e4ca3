import { hexValue, latin1Text } from '../dissection/ascii.ts';

/** Commands typed as plain words on a line (redis.io, "Inline commands"), split as the server does it. */

const space = 0x20;
const backslash = 0x5c;
const doubleQuote = 0x22;
const singleQuote = 0x27;
const escapes: ReadonlyMap<number, number> = new Map([
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x62, 0x08],
  [0x61, 0x07],
]);

/** The words of the line from `start` to `end`, each cut to `maxWordBytes`; at most `maxWords`, and how many there are. */
export function splitInline(
  bytes: Buffer,
  start: number,
  end: number,
  maxWords: number,
  maxWordBytes: number,
): { readonly words: readonly string[]; readonly count: number } {
  const words: string[] = [];
  let count = 0;
  let at = start;
  for (;;) {
    while (at < end && bytes[at]! <= space) at++;
    if (at >= end) return { words, count };
    const word = readWord(bytes, at, end);
    if (words.length < maxWords) {
      const text = word.quoted ? word.quoted.toString('utf8', 0, maxWordBytes) : '';
      words.push(word.quoted ? text : Buffer.from(bytes.subarray(at, word.next)).toString('utf8', 0, maxWordBytes));
    }
    count++;
    at = word.next;
  }
}

/** Where the word at `at` ends, and what it is when quotes in it have to be taken off. */
function readWord(bytes: Buffer, at: number, end: number): { readonly next: number; readonly quoted?: Buffer } {
  let next = at;
  while (next < end && bytes[next]! > space && bytes[next] !== doubleQuote && bytes[next] !== singleQuote) next++;
  if (next >= end || bytes[next]! <= space) return { next };
  const parts: number[] = [...bytes.subarray(at, next)];
  while (next < end && bytes[next]! > space) {
    const quote = bytes[next]!;
    if (quote === doubleQuote) next = readDoubleQuoted(bytes, next + 1, end, parts);
    else if (quote === singleQuote) next = readSingleQuoted(bytes, next + 1, end, parts);
    else parts.push(bytes[next++]!);
  }
  return { next, quoted: Buffer.from(parts) };
}

function readDoubleQuoted(bytes: Buffer, start: number, end: number, parts: number[]): number {
  let at = start;
  while (at < end && bytes[at] !== doubleQuote) {
    const byte = bytes[at]!;
    if (byte !== backslash || at + 1 >= end) {
      parts.push(byte);
      at++;
    } else if (bytes[at + 1] === 0x78 && hexValue(bytes[at + 2]) >= 0 && hexValue(bytes[at + 3]) >= 0 && at + 3 < end) {
      parts.push(hexValue(bytes[at + 2]) * 16 + hexValue(bytes[at + 3]));
      at += 4;
    } else {
      parts.push(escapes.get(bytes[at + 1]!) ?? bytes[at + 1]!);
      at += 2;
    }
  }
  return Math.min(end, at + 1);
}

function readSingleQuoted(bytes: Buffer, start: number, end: number, parts: number[]): number {
  let at = start;
  while (at < end && bytes[at] !== singleQuote) {
    if (bytes[at] === backslash && bytes[at + 1] === singleQuote && at + 1 < end) at++;
    parts.push(bytes[at++]!);
  }
  return Math.min(end, at + 1);
}

/** The first word of a line, upper case, without looking for quotes. */
export function inlineCommand(bytes: Buffer, start: number, end: number): string {
  let at = start;
  while (at < end && at < start + 64 && bytes[at]! > space) at++;
  return latin1Text(bytes, start, at).toUpperCase();
}
