import { latin1Text, unsigned16, utf8Text } from '../dissection/ascii.ts';
import type { SpanStatus } from '../../schemas/generated/span.ts';

/** Messages of the binary protocol (github.com/memcached/memcached/wiki/BinaryProtocolRevamped): a header of 24 bytes, a body. */

export const headerBytes = 24;
/** First bytes of messages. */
export const magic = { request: 0x80, response: 0x81 } as const;
const maxKeyBytes = 250;
const maxBodyBytes = 2 ** 30;

interface Operation {
  readonly name: string;
  /** Bytes of extras that a request has. */
  readonly extras: readonly number[];
  readonly key: 'always' | 'never' | 'maybe';
  readonly value: boolean;
  /** A response is sent only where it says something unusual. */
  readonly isQuiet: boolean;
}

const operations = new Map<number, Operation>();
function enter(
  name: string,
  shape: Pick<Operation, 'extras' | 'key' | 'value'>,
  codes: readonly number[],
  quiet: readonly number[] = [],
): void {
  for (const code of codes) operations.set(code, { name, ...shape, isQuiet: false });
  for (const code of quiet) operations.set(code, { name, ...shape, isQuiet: true });
}
const keyed = { extras: [0], key: 'always', value: false } as const;
const bare = { extras: [0], key: 'never', value: false } as const;
enter('get', keyed, [0x00, 0x0c], [0x09, 0x0d]);
enter('set', { extras: [8], key: 'always', value: true }, [0x01], [0x11]);
enter('add', { extras: [8], key: 'always', value: true }, [0x02], [0x12]);
enter('replace', { extras: [8], key: 'always', value: true }, [0x03], [0x13]);
enter('delete', keyed, [0x04], [0x14]);
enter('incr', { extras: [20], key: 'always', value: false }, [0x05], [0x15]);
enter('decr', { extras: [20], key: 'always', value: false }, [0x06], [0x16]);
enter('quit', bare, [0x07], [0x17]);
enter('flush_all', { extras: [0, 4], key: 'never', value: false }, [0x08], [0x18]);
enter('noop', bare, [0x0a]);
enter('version', bare, [0x0b]);
enter('append', { extras: [0], key: 'always', value: true }, [0x0e], [0x19]);
enter('prepend', { extras: [0], key: 'always', value: true }, [0x0f], [0x1a]);
enter('stats', { extras: [0], key: 'maybe', value: false }, [0x10]);
enter('verbosity', { extras: [4], key: 'never', value: false }, [0x1b]);
enter('touch', { extras: [4], key: 'always', value: false }, [0x1c]);
enter('gat', { extras: [4], key: 'always', value: false }, [0x1d, 0x23], [0x1e, 0x24]);
enter('sasl_list_mechs', bare, [0x20]);
enter('sasl_auth', { extras: [0], key: 'always', value: true }, [0x21]);
enter('sasl_step', { extras: [0], key: 'always', value: true }, [0x22]);

/** Codes of a few operations. */
export const opcode = { get: 0x00, quitQuietly: 0x17, stats: 0x10 } as const;

/** What becomes of a request by the status of its response. */
const statuses: ReadonlyMap<number, { readonly status: SpanStatus; readonly result: string }> = new Map([
  [0x00, { status: 'ok', result: '' }],
  [0x01, { status: 'ok', result: 'NOT_FOUND' }],
  [0x02, { status: 'ok', result: 'EXISTS' }],
  [0x03, { status: 'client_error', result: '' }],
  [0x04, { status: 'client_error', result: '' }],
  [0x05, { status: 'ok', result: 'NOT_STORED' }],
  [0x06, { status: 'client_error', result: '' }],
  [0x07, { status: 'client_error', result: '' }],
  [0x08, { status: 'client_error', result: '' }],
  [0x09, { status: 'ok', result: '' }],
  [0x20, { status: 'client_error', result: '' }],
  [0x21, { status: 'ok', result: '' }],
  [0x81, { status: 'client_error', result: '' }],
  [0x82, { status: 'server_error', result: '' }],
  [0x83, { status: 'client_error', result: '' }],
  [0x84, { status: 'server_error', result: '' }],
  [0x85, { status: 'server_error', result: '' }],
  [0x86, { status: 'server_error', result: '' }],
]);

/** A header. */
export interface BinaryHeader {
  readonly opcode: number;
  readonly operation: Operation;
  readonly keyBytes: number;
  readonly extrasBytes: number;
  /** Bytes of extras, key and value. */
  readonly bodyBytes: number;
  /** In a response. */
  readonly statusCode: number;
  readonly opaque: number;
}

/** The header at `at`, whose 24 bytes are there; undefined when it is none of this sender. */
export function readHeader(bytes: Buffer, at: number, isRequest: boolean): BinaryHeader | undefined {
  const operation = operations.get(bytes[at + 1]!);
  if (bytes[at] !== (isRequest ? magic.request : magic.response) || operation === undefined) return undefined;
  const keyBytes = unsigned16(bytes, at + 2);
  const extrasBytes = bytes[at + 4]!;
  const bodyBytes = bytes.readUInt32BE(at + 8);
  const valueBytes = bodyBytes - keyBytes - extrasBytes;
  // The type of data is always raw bytes.
  if (bytes[at + 5] !== 0 || keyBytes > maxKeyBytes || bodyBytes > maxBodyBytes || valueBytes < 0) return undefined;
  const statusCode = unsigned16(bytes, at + 6);
  if (isRequest) {
    const { extras, key, value } = operation;
    if (!extras.includes(extrasBytes) || (valueBytes > 0 && !value)) return undefined;
    if (key !== 'maybe' && keyBytes > 0 !== (key === 'always')) return undefined;
  } else if (!statuses.has(statusCode) || (extrasBytes !== 0 && extrasBytes !== 4)) return undefined;
  const opaque = bytes.readUInt32BE(at + 12);
  return { opcode: bytes[at + 1]!, operation, keyBytes, extrasBytes, bodyBytes, statusCode, opaque };
}

/** Whether a header may stand at the end of what was captured, of which there are fewer than 24 bytes. */
export function mayBeHeader(bytes: Buffer, at: number): boolean {
  const first = bytes[at];
  if (first !== magic.request && first !== magic.response) return false;
  const code = bytes[at + 1];
  if (code !== undefined && !operations.has(code)) return false;
  return bytes.length <= at + 5 || bytes[at + 5] === 0;
}

/** The key of the message at `at`, as far as captured. */
export function keyOf(bytes: Buffer, at: number, { keyBytes, extrasBytes }: BinaryHeader, end: number): string {
  const from = at + headerBytes + extrasBytes;
  return utf8Text(bytes, from, Math.min(end, from + keyBytes));
}

/** What a response says. */
export function outcomeOf(
  bytes: Buffer,
  at: number,
  header: BinaryHeader,
  end: number,
): { readonly status: SpanStatus; readonly responseCode: number; readonly exception: string; readonly result: string } {
  const { status, result } = statuses.get(header.statusCode)!;
  const { name } = header.operation;
  if (status !== 'ok') {
    const from = at + headerBytes + header.extrasBytes + header.keyBytes;
    const to = Math.min(end, at + headerBytes + header.bodyBytes, from + 256);
    return { status, responseCode: header.statusCode, exception: latin1Text(bytes, from, to), result };
  }
  const isMiss = header.statusCode === 1 && (name === 'get' || name === 'gat');
  return { status, responseCode: 0, exception: '', result: isMiss ? 'miss' : result };
}
