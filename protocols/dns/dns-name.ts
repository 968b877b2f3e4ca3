import { isUtf8 } from 'node:buffer';
import { latin1Text, utf8Text } from '../dissection/ascii.ts';

/**
 * Domain names as they are on the wire (RFC 1035, §4.1.4) and as text. The text of a name is UTF-8, as mDNS (RFC 6762, §16)
 * and LLMNR (RFC 4795) require and other resolvers pass on; what UTF-8 or a reader cannot show is escaped as in RFC 4343,
 * §2.1: `\DDD` for a control character and for every byte beyond ASCII of a label that is not UTF-8, `\.` and `\\` for a dot
 * and a backslash within a label. Every loop is bounded by `maxNameBytes` or `maxPointers`, whatever the bytes.
 */

const maxNameBytes = 255;
const maxPointers = 16;
const maxLabelBytes = 63;
const backslash = 0x5c;
const dot = 0x2e;

/** A name and where the bytes behind it begin. */
export interface DnsName {
  readonly text: string;
  readonly next: number;
  /** No label holds a control character. */
  readonly printable: boolean;
}

/** A name, or why there is none: it goes on behind the bytes there are, or it is no name. */
export type DnsNameOutcome = DnsName | 'cut' | 'malformed';

/** A name while it is read, a dot behind each label; reused, since it becomes text at once. */
const nameBytes = Buffer.alloc(maxNameBytes + 1);
const labelEnds = new Uint8Array(maxNameBytes + 1);

/**
 * Reads a name at `position` of the message that begins at `start`, following compression pointers. The root is the empty
 * text.
 */
export function readName(bytes: Buffer, start: number, end: number, position: number): DnsNameOutcome {
  let at = position;
  let next = -1;
  let pointers = 0;
  let length = 0;
  let labels = 0;
  let plain = true;
  let printable = true;
  for (;;) {
    if (at >= end) return 'cut';
    const label = bytes[at]!;
    if (label === 0) {
      const text = plain ? latin1Text(nameBytes, 0, length - 1) : escapedName(labels);
      return { text, next: next < 0 ? at + 1 : next, printable };
    }
    if (label >= 0xc0) {
      if (at + 1 >= end) return 'cut';
      if (++pointers > maxPointers) return 'malformed';
      if (next < 0) next = at + 2;
      const target = start + ((label & 0x3f) << 8) + bytes[at + 1]!;
      // Only backwards: a pointer that does not is a loop or no name.
      if (target >= at) return 'malformed';
      at = target;
      continue;
    }
    if (label > maxLabelBytes || length + label + 1 > maxNameBytes) return 'malformed';
    const labelEnd = at + 1 + label;
    if (labelEnd > end) return 'cut';
    for (at++; at < labelEnd; at++) {
      const byte = bytes[at]!;
      if (byte < 0x20 || byte > 0x7e || byte === dot || byte === backslash) plain = false;
      if (byte < 0x20 || byte === 0x7f) printable = false;
      nameBytes[length++] = byte;
    }
    labelEnds[labels++] = length;
    nameBytes[length++] = dot;
  }
}

/** The position behind the name at `position`, which is not looked at more closely; -1 when it is no name or cut. */
export function skipName(bytes: Uint8Array, end: number, position: number): number {
  let at = position;
  while (at < end && at - position <= maxNameBytes) {
    const label = bytes[at]!;
    if (label === 0) return at + 1;
    if (label >= 0xc0) return at + 2;
    if (label > maxLabelBytes) return -1;
    at += 1 + label;
  }
  return -1;
}

function escapedName(labels: number): string {
  let text = '';
  let start = 0;
  for (let index = 0; index < labels; index++) {
    const end = labelEnds[index]!;
    if (index > 0) text += '.';
    text += isUtf8(nameBytes.subarray(start, end)) ? escapedText(start, end) : escapedBytes(start, end);
    start = end + 1;
  }
  return text;
}

function escapedText(start: number, end: number): string {
  const label = utf8Text(nameBytes, start, end);
  let text = '';
  for (let index = 0; index < label.length; index++) {
    const code = label.charCodeAt(index);
    if (code >= 0x80 && code < 0xa0) text += `${escapedByte(0xc2)}${escapedByte(code)}`;
    else if (code < 0x20 || code === 0x7f) text += escapedByte(code);
    else text += code === dot || code === backslash ? `\\${label[index]!}` : label[index]!;
  }
  return text;
}

function escapedBytes(start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) {
    const byte = nameBytes[at]!;
    if (byte < 0x20 || byte > 0x7e) text += escapedByte(byte);
    else text += byte === dot || byte === backslash ? `\\${String.fromCharCode(byte)}` : String.fromCharCode(byte);
  }
  return text;
}

function escapedByte(byte: number): string {
  return `\\${String(byte).padStart(3, '0')}`;
}
