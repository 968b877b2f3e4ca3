import { latin1Text, unsigned16 } from './ascii.ts';

/**
 * DNS messages (RFC 1035, §4): header, question, and as many answers as were captured. Every loop is bounded by
 * `maxNameBytes`, `maxPointers` or `maxAnswers`, whatever the bytes.
 */

const maxNameBytes = 255;
const maxPointers = 16;
const maxAnswers = 4;
const maxTextBytes = 64;
/** Bytes before the question section. */
export const headerBytes = 12;

const typeNames: ReadonlyMap<number, string> = new Map([
  [1, 'A'],
  [2, 'NS'],
  [5, 'CNAME'],
  [6, 'SOA'],
  [12, 'PTR'],
  [13, 'HINFO'],
  [15, 'MX'],
  [16, 'TXT'],
  [28, 'AAAA'],
  [33, 'SRV'],
  [35, 'NAPTR'],
  [39, 'DNAME'],
  [41, 'OPT'],
  [43, 'DS'],
  [46, 'RRSIG'],
  [47, 'NSEC'],
  [48, 'DNSKEY'],
  [50, 'NSEC3'],
  [52, 'TLSA'],
  [64, 'SVCB'],
  [65, 'HTTPS'],
  [249, 'TKEY'],
  [250, 'TSIG'],
  [251, 'IXFR'],
  [252, 'AXFR'],
  [255, 'ANY'],
  [257, 'CAA'],
]);

const responseCodeNames: readonly string[] = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
];

/** A name and where the bytes behind it begin. */
export interface DnsName {
  readonly text: string;
  readonly next: number;
}

/** The question of a message. */
export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
  readonly recordClass: number;
  readonly next: number;
}

/** The name of a record type: `AAAA`, or `TYPE123` where there is none. */
export function typeName(type: number): string {
  return typeNames.get(type) ?? `TYPE${type}`;
}

/** The name of a response code: `NXDOMAIN`, or `RCODE12` where there is none. */
export function responseCodeName(code: number): string {
  return responseCodeNames[code] ?? `RCODE${code}`;
}

/** A name while it is read; reused, since it becomes text at once. */
const nameBytes = Buffer.alloc(maxNameBytes + 1);

/**
 * Reads a name at `position` of the message that begins at `start`, following compression pointers; undefined when it is
 * malformed or not all there. The root is the empty text.
 */
export function readName(bytes: Buffer, start: number, end: number, position: number): DnsName | undefined {
  let at = position;
  let next = -1;
  let pointers = 0;
  let length = 0;
  for (;;) {
    if (at >= end) return undefined;
    const label = bytes[at]!;
    if (label === 0) {
      return { text: length === 0 ? '' : latin1Text(nameBytes, 0, length - 1), next: next < 0 ? at + 1 : next };
    }
    if (label >= 0xc0) {
      if (at + 1 >= end || ++pointers > maxPointers) return undefined;
      if (next < 0) next = at + 2;
      const target = start + ((label & 0x3f) << 8) + bytes[at + 1]!;
      // Only backwards: a pointer that does not is a loop or no name.
      if (target >= at) return undefined;
      at = target;
      continue;
    }
    const labelEnd = at + 1 + label;
    if (label > 63 || length + label + 1 > maxNameBytes || labelEnd > end) return undefined;
    for (at++; at < labelEnd; at++) nameBytes[length++] = bytes[at]!;
    nameBytes[length++] = 0x2e;
  }
}

/** Reads the first question of the message at `start`. */
export function readQuestion(bytes: Buffer, start: number, end: number): DnsQuestion | undefined {
  const name = readName(bytes, start, end, start + headerBytes);
  if (name === undefined || name.next + 4 > end) return undefined;
  return {
    name: name.text,
    type: unsigned16(bytes, name.next),
    recordClass: unsigned16(bytes, name.next + 2),
    next: name.next + 4,
  };
}

/** The values of the first answers, as far as captured: addresses, names, texts, separated by commas. */
export function readAnswers(bytes: Buffer, start: number, end: number, first: number, count: number): string {
  const values: string[] = [];
  let at = first;
  for (let index = 0; index < count && index < maxAnswers; index++) {
    const owner = readName(bytes, start, end, at);
    if (owner === undefined || owner.next + 10 > end) break;
    const type = unsigned16(bytes, owner.next);
    const length = unsigned16(bytes, owner.next + 8);
    const data = owner.next + 10;
    if (data + length > end) break;
    const value = readValue(bytes, start, end, type, data, length);
    if (value !== '') values.push(value);
    at = data + length;
  }
  return values.join(',');
}

function readValue(bytes: Buffer, start: number, end: number, type: number, data: number, length: number): string {
  switch (type) {
    case 1:
      return length === 4 ? `${bytes[data]!}.${bytes[data + 1]!}.${bytes[data + 2]!}.${bytes[data + 3]!}` : '';
    case 28:
      return length === 16 ? addressText(bytes, data) : '';
    case 2:
    case 5:
    case 12:
    case 39:
      return readName(bytes, start, end, data)?.text ?? '';
    case 15:
      return length > 2 ? (readName(bytes, start, end, data + 2)?.text ?? '') : '';
    case 16:
      return length > 1 ? latin1Text(bytes, data + 1, data + Math.min(length, 1 + bytes[data]!, maxTextBytes)) : '';
    case 33: {
      if (length < 7) return '';
      const target = readName(bytes, start, end, data + 6)?.text ?? '';
      return target === '' ? '' : `${target}:${unsigned16(bytes, data + 4)}`;
    }
    default:
      return '';
  }
}

/** An IPv6 address with its longest run of zero groups as `::` (RFC 5952). */
function addressText(bytes: Buffer, data: number): string {
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && unsigned16(bytes, data + 2 * (start + length)) === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  let text = '';
  for (let group = 0; group < 8; group++) {
    if (group === bestStart) {
      text += '::';
      group += bestLength - 1;
      continue;
    }
    if (text !== '' && !text.endsWith(':')) text += ':';
    text += unsigned16(bytes, data + 2 * group).toString(16);
  }
  return text;
}
