import { AvroWriter } from '../../schemas/avro-writer.ts';
import {
  contextKindSymbols,
  directionSymbols,
  eventKindSymbols,
  socketRoleSymbols,
  transportSymbols,
  writeSocketEvent,
  type SocketEvent,
} from '../../schemas/generated/event-batch.ts';

/**
 * The reference of native/encode.cc: from the bytes of `struct spanloom_event` (bpf/event.h) to Avro. Not for the hot
 * path; a property test holds the C++ to it.
 */

/** Byte offsets in `struct spanloom_event`, with `struct spanloom_socket` at its place. A test compares them to the compilers'. */
export const eventOffsets = {
  id: 0,
  timeNs: 8,
  phase: 16,
  after: 24,
  connectId: 32,
  messageId: 40,
  length: 48,
  processStartNs: 56,
  contextId: 64,
  contextAncestors: 72,
  answersTo: 120,
  wokenAfter: 168,
  socketId: 200,
  networkNamespace: 208,
  localPort: 212,
  remotePort: 214,
  localAddress: 216,
  remoteAddress: 232,
  addressBytes: 248,
  transport: 249,
  role: 250,
  processId: 256,
  threadId: 260,
  fileDescriptor: 264,
  tcpSequence: 268,
  error: 272,
  payloadLength: 276,
  kind: 278,
  direction: 279,
  contextKind: 280,
  answersToCount: 281,
  contextAncestorCount: 282,
  pathLength: 283,
  pathIsLocal: 284,
  wokenAfterCount: 285,
  processName: 288,
} as const;

/** Size of `struct spanloom_event`; the payload and the path follow. */
export const eventBytes = 304;

/** Bound of `answers_to`. */
export const maxAnswersTo = 6;

/** Bound of `woken_after`. */
export const maxWokenAfter = 4;

/** Bound of `context_ancestors`. */
export const maxAncestors = 6;

/** Size of the kernel's name of a process. */
export const processNameBytes = 16;

function symbolAt<Symbol extends string>(symbols: readonly Symbol[], index: number): Symbol {
  const symbol = symbols[index];
  if (symbol === undefined) throw new RangeError(`no symbol ${index} among ${symbols.join(', ')}`);
  return symbol;
}

/** Up to the first zero; what is not printable ASCII becomes '?', since Avro strings must be UTF-8. */
function nameAt(record: Buffer, offset: number): string {
  const bytes = record.subarray(offset, offset + processNameBytes);
  const end = bytes.indexOf(0);
  return bytes
    .subarray(0, end < 0 ? processNameBytes : end)
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '?');
}

/** Bound of the path of a Unix socket. */
export const maxPathBytes = 108;

const unixTransport = transportSymbols.indexOf('unix');

/** One address: of the internet, or the path of a Unix socket, which stands behind the payload. */
function addressAt(record: Buffer, offset: number, isLocal: boolean): Buffer {
  const at = eventOffsets;
  if (record[at.transport] !== unixTransport)
    return record.subarray(offset, offset + (record[at.addressBytes] === 16 ? 16 : 4));
  const length = record[at.pathLength]!;
  if (length === 0 || length > maxPathBytes || (record[at.pathIsLocal] !== 0) !== isLocal) return Buffer.alloc(0);
  const start = eventBytes + record.readUInt16LE(at.payloadLength);
  const bytes = record.subarray(start, start + length);
  let text = bytes.toString('latin1');
  if (bytes[0] === 0) text = `@${text.slice(1)}`;
  else {
    while (text.endsWith('\0')) text = text.slice(0, -1);
    if (bytes[0] !== 0x2f) text = `./${text}`;
  }
  const zeros = [4, 16].includes(text.length + 1) ? 2 : 1;
  return Buffer.from(text + '\0'.repeat(zeros), 'latin1');
}

/** What one record of the ring buffer says; `record` starts with it and may be longer. */
export function decodeEvent(record: Buffer, baseMonotonicNs: number): SocketEvent {
  const at = eventOffsets;
  const long = (offset: number): number => Number(record.readBigUInt64LE(offset));
  // Out of the memory of other processes: what is beyond 2^53 becomes 0, as what cannot be read.
  const contextId = (offset: number): number => {
    const id = record.readBigUInt64LE(offset);
    return id > BigInt(Number.MAX_SAFE_INTEGER) ? 0 : Number(id);
  };
  const answersTo = Math.min(record[at.answersToCount]!, maxAnswersTo);
  const wokenAfter = Math.min(record[at.wokenAfterCount]!, maxWokenAfter);
  const ancestors = Math.min(record[at.contextAncestorCount]!, maxAncestors);
  return {
    id: long(at.id),
    kind: symbolAt(eventKindSymbols, record[at.kind]!),
    direction: symbolAt(directionSymbols, record[at.direction]!),
    timeOffsetNs: long(at.timeNs) - baseMonotonicNs,
    processId: record.readUInt32LE(at.processId),
    threadId: record.readUInt32LE(at.threadId),
    contextKind: symbolAt(contextKindSymbols, record[at.contextKind]!),
    contextId: contextId(at.contextId),
    contextAncestors: Array.from({ length: ancestors }, (_, index) => contextId(at.contextAncestors + index * 8)),
    answersTo: Array.from({ length: answersTo }, (_, index) => contextId(at.answersTo + index * 8)),
    wokenAfter: Array.from({ length: wokenAfter }, (_, index) => contextId(at.wokenAfter + index * 8)),
    processName: nameAt(record, at.processName),
    socketId: long(at.socketId),
    fileDescriptor: record.readInt32LE(at.fileDescriptor),
    networkNamespace: record.readUInt32LE(at.networkNamespace),
    transport: symbolAt(transportSymbols, record[at.transport]!),
    role: symbolAt(socketRoleSymbols, record[at.role]!),
    localAddress: addressAt(record, at.localAddress, true),
    localPort: record.readUInt16LE(at.localPort),
    remoteAddress: addressAt(record, at.remoteAddress, false),
    remotePort: record.readUInt16LE(at.remotePort),
    tls: false,
    length: long(at.length),
    tcpSequence: record.readUInt32LE(at.tcpSequence),
    phase: long(at.phase),
    after: long(at.after),
    connectId: long(at.connectId),
    messageId: long(at.messageId),
    error: record.readUInt32LE(at.error),
    payload: record.subarray(eventBytes, eventBytes + record.readUInt16LE(at.payloadLength)),
    redacted: [],
  };
}

/** Encodes records that lie one after the other. */
export function encodeEventsReference(records: Buffer, baseMonotonicNs: number): Buffer {
  const writer = new AvroWriter();
  let rest = records;
  while (rest.length >= eventBytes) {
    writeSocketEvent(writer, decodeEvent(rest, baseMonotonicNs));
    rest = rest.subarray(eventBytes + rest.readUInt16LE(eventOffsets.payloadLength) + rest[eventOffsets.pathLength]!);
  }
  return writer.finish();
}
