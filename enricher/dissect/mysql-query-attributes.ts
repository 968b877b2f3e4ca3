import { latin1Text } from './ascii.ts';
import { lengthEncoded } from './mysql-packets.ts';
import { readTraceparent, type TraceContext } from './trace-context.ts';

/** Where the text of a COM_QUERY begins when query attributes stand before it, and the traceparent among them. */
export interface QueryAttributes {
  readonly textStart: number;
  readonly context: TraceContext | undefined;
}

const maxAttributes = 16;
const plain: ReadonlyMap<number, number> = new Map([
  [0x01, 1],
  [0x02, 2],
  [0x03, 4],
  [0x08, 8],
  [0x04, 4],
  [0x05, 8],
]);

/**
 * Reads the query attributes of MySQL 8.0.23 and later (dev.mysql.com, COM_QUERY with CLIENT_QUERY_ATTRIBUTES): their
 * counts, a bitmap of nulls, names with types, values. A statement never begins with a control byte other than white
 * space, so their presence shows without the handshake. `textStart` is -1 when the text was not captured or not found.
 */
export function readQueryAttributes(bytes: Buffer, start: number, end: number): QueryAttributes {
  const first = bytes[start];
  if (first === undefined || start >= end || first > 0x1f || (first >= 0x09 && first <= 0x0d)) {
    return { textStart: start, context: undefined };
  }
  const missing: QueryAttributes = { textStart: -1, context: undefined };
  if (bytes[start + 1] !== 1) return missing;
  if (first === 0) return { textStart: start + 2, context: undefined };
  if (first > maxAttributes) return missing;
  const nulls = start + 2;
  let at = nulls + ((first + 7) >> 3);
  if (at >= end || bytes[at] !== 1) return missing;
  at++;
  const types: number[] = [];
  let traceparentIndex = -1;
  for (let index = 0; index < first; index++) {
    if (at + 3 > end) return missing;
    types.push(bytes[at]!);
    const length = bytes[at + 2]!;
    if (length >= 0xfb) return missing;
    if (length === 11 && latin1Text(bytes, at + 3, Math.min(end, at + 14)) === 'traceparent') traceparentIndex = index;
    at += 3 + length;
  }
  let context: TraceContext | undefined;
  for (let index = 0; index < first; index++) {
    if ((bytes[nulls + (index >> 3)]! & (1 << (index & 7))) !== 0) continue;
    const size = plain.get(types[index]!);
    if (size !== undefined) {
      at += size;
      continue;
    }
    const length = lengthEncoded(bytes, at, end);
    if (length < 0 || length > 0xffff) return { textStart: -1, context };
    const value = at + (length < 0xfb ? 1 : 3);
    if (index === traceparentIndex && value + length <= end) context = readTraceparent(bytes, value, value + length);
    at = value + length;
  }
  return at < end ? { textStart: at, context } : { textStart: -1, context };
}
