import { latin1Text, unsigned16 } from '../dissection/ascii.ts';
import { readName, skipName } from './dns-name.ts';

/**
 * DNS messages (RFC 1035, §4): header, questions, as many answers as were captured, and the response code with its
 * extension (RFC 6891, §6.1.3). Every loop moves on over the bytes of the message, whatever the counts in its header.
 */

const maxAnswers = 4;
const maxTextBytes = 64;
const optType = 41;
/** Bytes before the question section. */
export const headerBytes = 12;
const questionBytesBehindName = 4;
const recordBytesBehindName = 10;

/** The header of a message. */
export interface DnsHeader {
  readonly id: number;
  readonly isResponse: boolean;
  readonly operation: number;
  /** The bit that must be zero, and is not always. */
  readonly reserved: boolean;
  /** The lower four bits of the response code. */
  readonly code: number;
  readonly questions: number;
  readonly answers: number;
  readonly authorities: number;
  readonly additionals: number;
}

/** The question of a message. */
export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
  readonly recordClass: number;
  readonly next: number;
  /** The name holds no control character. */
  readonly printable: boolean;
}

/** A question, or why there is none: it goes on behind the bytes there are, or it is no question. */
export type DnsQuestionOutcome = DnsQuestion | 'cut' | 'malformed';

/** Reads the header at `start`, of which the caller has checked that it is there. */
export function readHeader(bytes: Uint8Array, start: number): DnsHeader {
  const flags = unsigned16(bytes, start + 2);
  return {
    id: unsigned16(bytes, start),
    isResponse: (flags & 0x8000) !== 0,
    operation: (flags >> 11) & 0xf,
    reserved: (flags & 0x40) !== 0,
    code: flags & 0xf,
    questions: unsigned16(bytes, start + 4),
    answers: unsigned16(bytes, start + 6),
    authorities: unsigned16(bytes, start + 8),
    additionals: unsigned16(bytes, start + 10),
  };
}

/** Reads the first question of the message at `start`. */
export function readQuestion(bytes: Buffer, start: number, end: number): DnsQuestionOutcome {
  const name = readName(bytes, start, end, start + headerBytes);
  if (typeof name === 'string') return name;
  if (name.next + questionBytesBehindName > end) return 'cut';
  return {
    name: name.text,
    type: unsigned16(bytes, name.next),
    recordClass: unsigned16(bytes, name.next + 2),
    next: name.next + questionBytesBehindName,
    printable: name.printable,
  };
}

/** The owner and type of the first record of a message without questions; undefined when they are not all there. */
export function readFirstRecord(
  bytes: Buffer,
  start: number,
  end: number,
): { readonly name: string; readonly type: number } | undefined {
  const name = readName(bytes, start, end, start + headerBytes);
  if (typeof name === 'string' || name.next + 2 > end) return undefined;
  return { name: name.text, type: unsigned16(bytes, name.next) };
}

/** Where the records begin, behind all questions; -1 when the questions are malformed or not all there. */
export function recordsAt(bytes: Uint8Array, start: number, end: number, { questions }: DnsHeader): number {
  let at = start + headerBytes;
  for (let index = 0; index < questions; index++) {
    const behindName = skipName(bytes, end, at);
    if (behindName < 0 || behindName + questionBytesBehindName > end) return -1;
    at = behindName + questionBytesBehindName;
  }
  return at;
}

/**
 * The response code of a message whose records begin at `first`: its upper eight bits are in the OPT record, which is one of
 * the additional ones. Where that was not captured the lower four are all there is.
 */
export function extendedCode(bytes: Uint8Array, end: number, header: DnsHeader, first: number): number {
  const { code, answers, authorities, additionals } = header;
  if (first < 0 || additionals === 0) return code;
  const firstAdditional = answers + authorities;
  let at = first;
  for (let index = 0; index < firstAdditional + additionals; index++) {
    const behindName = skipName(bytes, end, at);
    if (behindName < 0 || behindName + recordBytesBehindName > end) return code;
    if (index >= firstAdditional && isOpt(bytes, at, behindName)) return (bytes[behindName + 4]! << 4) | code;
    at = behindName + recordBytesBehindName + unsigned16(bytes, behindName + 8);
  }
  return code;
}

/** Whether an OPT record begins at `at`: its owner is the root. */
export function isOpt(bytes: Uint8Array, at: number, behindName: number): boolean {
  return bytes[at] === 0 && unsigned16(bytes, behindName) === optType;
}

/** The values of the first answers, as far as captured: addresses, names, texts, separated by commas. */
export function readAnswers(bytes: Buffer, start: number, end: number, first: number, count: number): string {
  const values: string[] = [];
  if (first < 0) return '';
  let at = first;
  for (let index = 0; index < count && index < maxAnswers; index++) {
    const behindName = skipName(bytes, end, at);
    if (behindName < 0 || behindName + recordBytesBehindName > end) break;
    const type = unsigned16(bytes, behindName);
    const length = unsigned16(bytes, behindName + 8);
    const data = behindName + recordBytesBehindName;
    if (data + length > end) break;
    const value = readValue(bytes, start, end, type, data, length);
    if (value !== '') values.push(value);
    at = data + length;
  }
  return values.join(',');
}

function nameText(bytes: Buffer, start: number, end: number, position: number): string {
  const name = readName(bytes, start, end, position);
  return typeof name === 'string' ? '' : name.text;
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
      return nameText(bytes, start, end, data);
    case 15:
      return length > 2 ? nameText(bytes, start, end, data + 2) : '';
    case 16:
      return length > 1 ? latin1Text(bytes, data + 1, data + Math.min(length, 1 + bytes[data]!, maxTextBytes)) : '';
    case 33: {
      if (length < 7) return '';
      const target = nameText(bytes, start, end, data + 6);
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
