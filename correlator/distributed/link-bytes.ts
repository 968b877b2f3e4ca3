/** Binary encoding of requests to the shared link store and of its answers; a batch has thousands of each. */
import { createHash } from 'node:crypto';
import type { AvroWriter } from '../../schemas/avro-writer.ts';
import type { CallEnd, StoredCallEnd } from './link-keys.ts';

/** A node is 16 hex digits. */
export const nodeBytes = 8;
/** Span and node, role and transport, agent, start and duration in microseconds, sequence. */
export const callEndBytes = 2 * nodeBytes + 1 + 3 * 8 + 4;

const roles = ['client', 'server', 'network', 'application'] as const satisfies readonly CallEnd['role'][];
const roleNumbers = { client: 0, server: 1, network: 2, application: 3 } as const;
const udpFlag = 4;

const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** `0` to `9` and `a` to `f`. */
const isDigit = (code: number): boolean => (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66);
/** The value of one of these. */
const digitOf = (code: number): number => (code & 0xf) + (code >> 6) * 9;

/** The span's id where it is 16 lower-case hex digits, as it should be; else 16 that stand for it. */
export function nodeName(spanId: string): string {
  let isHex = spanId.length === 2 * nodeBytes;
  for (let index = 0; isHex && index < 2 * nodeBytes; index++) isHex = isDigit(spanId.charCodeAt(index));
  return isHex
    ? spanId
    : createHash('sha256')
        .update(spanId)
        .digest('hex')
        .slice(0, 2 * nodeBytes);
}

/** Writes a node. */
export function writeNode(writer: AvroWriter, node: string): void {
  writer.reserve(nodeBytes);
  const { buffer } = writer;
  let { position } = writer;
  for (let index = 0; index < 2 * nodeBytes; index += 2)
    buffer[position++] = (digitOf(node.charCodeAt(index)) << 4) | digitOf(node.charCodeAt(index + 1));
  writer.position = position;
}

/** Reads a node. */
export function readNode(bytes: Buffer, at: number): string {
  let text = '';
  for (let index = at; index < at + nodeBytes; index++) text += pairs[bytes[index]!]!;
  return text;
}

/** Writes a text with its length in one byte before it. */
function writeKey(writer: AvroWriter, key: string, encoding: 'utf8' | 'utf16le'): void {
  writer.reserve(1 + 3 * key.length);
  const bytes = writer.buffer.write(key, writer.position + 1, encoding);
  writer.buffer[writer.position] = bytes;
  writer.position += 1 + bytes;
}

/** Writes a call's key. */
export const writeCallKey = (writer: AvroWriter, key: string): void => {
  writeKey(writer, key, 'utf16le');
};

/** Writes a call's key and how many ends follow. */
export function writeCall(writer: AvroWriter, key: string, ends: number): void {
  writeCallKey(writer, key);
  writer.reserve(2);
  writer.position = writer.buffer.writeUInt16LE(ends, writer.position);
}

/** Writes an end of a call: of which span it is, and to which node it belongs. */
export function writeCallEnd(writer: AvroWriter, end: CallEnd, spanNode: string, node: string): void {
  writeNode(writer, spanNode);
  writeNode(writer, node);
  writer.reserve(callEndBytes);
  const { buffer } = writer;
  buffer[writer.position++] = roleNumbers[end.role] | (end.isUdp ? udpFlag : 0);
  writer.writeDouble(end.agentId);
  writer.writeDouble(end.startUs);
  writer.writeDouble(end.endUs);
  writer.position = buffer.writeUInt32LE(end.responseTcpSequence, writer.position);
}

/** Reads what {@link writeCallEnd} wrote. */
export function readCallEnd(bytes: Buffer, at: number): StoredCallEnd {
  const flags = bytes[at + 2 * nodeBytes]!;
  const numbersAt = at + 2 * nodeBytes + 1;
  return {
    spanNode: readNode(bytes, at),
    node: readNode(bytes, at + nodeBytes),
    role: roles[flags & 3]!,
    isUdp: (flags & udpFlag) !== 0,
    agentId: bytes.readDoubleLE(numbersAt),
    startUs: bytes.readDoubleLE(numbersAt + 8),
    endUs: bytes.readDoubleLE(numbersAt + 16),
    responseTcpSequence: bytes.readUInt32LE(numbersAt + 24),
  };
}

/** Writes an id's key, its node, and four numbers. */
export function writeExplicit(
  writer: AvroWriter,
  key: string,
  node: string,
  numbers: readonly [start: number, spans: number, window: number, most: number],
): void {
  writeKey(writer, key, 'utf8');
  writeNode(writer, node);
  for (const number of numbers) writer.writeDouble(number);
}

/** Calls of which ends were there before. */
export function* readKnownCalls(answer: Buffer): Generator<{ readonly place: number; readonly ends: StoredCallEnd[] }> {
  for (let at = 0; at < answer.length;) {
    const place = answer.readUInt32LE(at);
    const count = answer.readUInt16LE(at + 4);
    at += 6;
    const ends: StoredCallEnd[] = [];
    for (let index = 0; index < count; index++, at += callEndBytes) ends.push(readCallEnd(answer, at));
    yield { place, ends };
  }
}

const letterKinds = { n: 'node', f: 'first', p: 'popular', o: 'old' } as const;

/** Outcome of an id. */
export function readExplicit(
  answer: Buffer,
  place: number,
): { readonly kind: 'node' | 'first' | 'popular' | 'old'; readonly node: string } {
  const at = place * (1 + nodeBytes);
  const letter = String.fromCharCode(answer[at]!) as keyof typeof letterKinds;
  return { kind: letterKinds[letter], node: readNode(answer, at + 1) };
}

/** What is stored of a node: see the scripts. */
export type NodeEntry =
  { readonly kind: 'none' | 'root' } | { readonly kind: 'parent' | 'moved'; readonly parent: string };

const letter = (text: string): number => text.charCodeAt(0);

/** Reads what is stored of a node. */
export function readNodeEntry(answer: Buffer, place: number): NodeEntry {
  const at = place * (1 + nodeBytes);
  switch (answer[at]) {
    case 0:
      return { kind: 'none' };
    case letter('r'):
      return { kind: 'root' };
    case letter('p'):
      return { kind: 'parent', parent: readNode(answer, at + 1) };
    default:
      return { kind: 'moved', parent: readNode(answer, at + 1) };
  }
}
