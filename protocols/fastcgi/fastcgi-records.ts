import { unsigned16 } from '../dissection/ascii.ts';

/** Records of FastCGI 1.0 (specification, section 3.3): a header of eight bytes, content, padding. */

export const headerBytes = 8;
const bodyOfFixedBytes = 8;
const version = 1;

/** Types of records (section 8). */
export const recordType = {
  beginRequest: 1,
  abortRequest: 2,
  endRequest: 3,
  params: 4,
  stdin: 5,
  stdout: 6,
  stderr: 7,
  data: 8,
  getValues: 9,
  getValuesResult: 10,
  unknownType: 11,
} as const;

const fromClient: ReadonlySet<number> = new Set([
  recordType.beginRequest,
  recordType.abortRequest,
  recordType.params,
  recordType.stdin,
  recordType.data,
  recordType.getValues,
]);
const fromServer: ReadonlySet<number> = new Set([
  recordType.endRequest,
  recordType.stdout,
  recordType.stderr,
  recordType.getValuesResult,
  recordType.unknownType,
]);
/** Records about the connection have no request. */
const ofConnection: ReadonlySet<number> = new Set([
  recordType.getValues,
  recordType.getValuesResult,
  recordType.unknownType,
]);

/** The header of a record. */
export interface RecordHeader {
  readonly type: number;
  readonly requestId: number;
  readonly contentBytes: number;
  readonly paddingBytes: number;
}

/** Reads the header at `at`, all of whose bytes are there; undefined where the sender cannot have sent it. */
export function readHeader(bytes: Uint8Array, at: number, isClient: boolean): RecordHeader | undefined {
  const type = bytes[at + 1]!;
  if (bytes[at] !== version || bytes[at + 7] !== 0 || !(isClient ? fromClient : fromServer).has(type)) return undefined;
  const requestId = unsigned16(bytes, at + 2);
  const contentBytes = unsigned16(bytes, at + 4);
  if ((requestId === 0) !== ofConnection.has(type)) return undefined;
  const isFixed = type === recordType.beginRequest || type === recordType.endRequest;
  if (isFixed && contentBytes !== bodyOfFixedBytes) return undefined;
  return { type, requestId, contentBytes, paddingBytes: bytes[at + 6]! };
}

/** Whether these bytes are the beginning of a request: `partial` as far as they go. */
export function judgeBegin(bytes: Uint8Array, length = bytes.length): 'yes' | 'partial' | 'no' {
  for (let at = 0; at < Math.min(length, headerBytes + bodyOfFixedBytes); at++)
    if (!mayBegin(bytes[at]!, at)) return 'no';
  if (length >= 4 && unsigned16(bytes, 2) === 0) return 'no';
  return length >= headerBytes + bodyOfFixedBytes ? 'yes' : 'partial';
}

/** Role 1, 2 or 3, the flag that keeps the connection, and five bytes that are reserved (section 5.1). */
function mayBegin(byte: number, at: number): boolean {
  switch (at) {
    case 0:
      return byte === version;
    case 1:
      return byte === recordType.beginRequest;
    case 2:
    case 3:
    case 6:
      return true;
    case 5:
      return byte === bodyOfFixedBytes;
    case 9:
      return byte >= 1 && byte <= 3;
    case 10:
      return byte <= 1;
    default:
      return byte === 0;
  }
}

/** Whether a response begins here: a first header field, a text for the log, or the end of a request. */
export function isResponse(bytes: Uint8Array, length = bytes.length): boolean {
  if (length <= headerBytes) return false;
  const header = readHeader(bytes, 0, false);
  if (header === undefined || header.requestId === 0) return false;
  if (header.type === recordType.endRequest) return length >= headerBytes + 5 && bytes[headerBytes + 4]! <= 3;
  if (header.type !== recordType.stdout || header.contentBytes === 0) return false;
  const end = Math.min(length, headerBytes + header.contentBytes);
  for (let at = headerBytes; at < end; at++) {
    if (bytes[at] === 0x3a) return at > headerBytes;
    if (!isFieldNameByte(bytes[at]!)) return false;
  }
  return false;
}

function isFieldNameByte(byte: number): boolean {
  const lower = byte | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d;
}
