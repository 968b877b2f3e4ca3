/** Makes the bytes of Memcached messages. */

/** Lines and values of the text protocol. */
export function text(...lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1');
}

/** What a binary message says besides its operation. */
export interface BinaryParts {
  readonly extras?: Buffer;
  readonly key?: string;
  readonly value?: string;
  readonly opaque?: number;
  readonly status?: number;
}

function binary(magic: number, operation: number, parts: BinaryParts): Buffer {
  const { extras = Buffer.alloc(0), key = '', value = '', opaque = 0, status = 0 } = parts;
  const header = Buffer.alloc(24);
  header[0] = magic;
  header[1] = operation;
  header.writeUInt16BE(Buffer.byteLength(key), 2);
  header[4] = extras.length;
  header.writeUInt16BE(status, 6);
  header.writeUInt32BE(extras.length + Buffer.byteLength(key) + Buffer.byteLength(value), 8);
  header.writeUInt32BE(opaque, 12);
  return Buffer.concat([header, extras, Buffer.from(key), Buffer.from(value)]);
}

/** A binary request. */
export function binaryRequest(operation: number, parts: BinaryParts = {}): Buffer {
  return binary(0x80, operation, parts);
}

/** A binary response. */
export function binaryResponse(operation: number, parts: BinaryParts = {}): Buffer {
  return binary(0x81, operation, parts);
}

/** Flags and time of expiry of a binary set. */
export const setExtras = Buffer.alloc(8);
