import { latin1Text } from '../dissection/ascii.ts';
import { lengthEncoded, lengthEncodedBytes } from './mysql-packets.ts';
import { readTraceparent, type TraceContext } from '../dissection/trace-context.ts';

/**
 * Query attributes of MySQL 8.0.23 and later (dev.mysql.com, CLIENT_QUERY_ATTRIBUTES): named values that stand before the
 * text of a COM_QUERY, or behind the parameters of a COM_STMT_EXECUTE. Their values are the application's, so a block that
 * cannot be read to its end hides the statement: bytes of it are never taken for text.
 */

/** Where the text of a COM_QUERY begins, and the traceparent among its attributes. */
export interface QueryAttributes {
  /** -1 when the text was not captured, or where it begins was not. */
  readonly textStart: number;
  readonly context: TraceContext | undefined;
}

const traceparent = 'traceparent';
/** Flag of a COM_STMT_EXECUTE that says that a count of parameters follows. */
const countsParameters = 8;

const nullType = 0x06;
/** Bytes of values of fixed size, by type; the others have their length before them. */
const fixedSizes: ReadonlyMap<number, number> = new Map([
  [0x01, 1], // TINY
  [0x02, 2], // SHORT
  [0x03, 4], // LONG
  [0x04, 4], // FLOAT
  [0x05, 8], // DOUBLE
  [nullType, 0],
  [0x08, 8], // LONGLONG
  [0x09, 4], // INT24
  [0x0d, 2], // YEAR
  [0xf4, 1], // BOOL
]);
/** Types whose values have their length before them: times, bits, decimals, vectors, JSON, enumerations, sets, blobs, text. */
const sizedTypes: ReadonlySet<number> = new Set([
  0x00, 0x07, 0x0a, 0x0b, 0x0c, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0xf2, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb,
  0xfc, 0xfd, 0xfe, 0xff,
]);

const hidden: QueryAttributes = { textStart: -1, context: undefined };

/**
 * Reads what stands before the text of a COM_QUERY.
 * @param agreed - whether client and server agreed on query attributes; undefined when their handshake was not seen: then
 *   the byte 1 behind the count tells, which no statement has as its second character
 */
export function readQueryAttributes(
  bytes: Buffer,
  start: number,
  end: number,
  agreed: boolean | undefined,
): QueryAttributes {
  if (agreed === false) return { textStart: start, context: undefined };
  if (start >= end) return hidden;
  const count = lengthEncoded(bytes, start, end);
  const sets = start + lengthEncodedBytes(bytes[start]!);
  if (sets >= end) return hidden;
  // There is always one set of values.
  if (bytes[sets] !== 1) return agreed === true || count < 0 ? hidden : { textStart: start, context: undefined };
  if (count < 0) return hidden;
  if (count === 0) return textAt(sets + 1, end, undefined);
  const block = readParameters(bytes, sets + 1, end, count);
  return textAt(block.end, end, block.context);
}

/** The traceparent among the attributes of a COM_STMT_EXECUTE, whose statement id stands at `start`. */
export function readExecuteContext(bytes: Buffer, start: number, end: number): TraceContext | undefined {
  const counted = start + 9;
  if (counted >= end || (bytes[start + 4]! & countsParameters) === 0) return undefined;
  const count = lengthEncoded(bytes, counted, end);
  if (count <= 0) return undefined;
  return readParameters(bytes, counted + lengthEncodedBytes(bytes[counted]!), end, count).context;
}

function textAt(start: number, end: number, context: TraceContext | undefined): QueryAttributes {
  return { textStart: start >= 0 && start < end ? start : -1, context };
}

/** Reads a bitmap of nulls, types with names, values; `end` is -1 when they go on behind what was captured. */
function readParameters(
  bytes: Buffer,
  nulls: number,
  end: number,
  count: number,
): { readonly end: number; readonly context: TraceContext | undefined } {
  const cut = { end: -1, context: undefined };
  let at = nulls + ((count + 7) >> 3);
  // Without new types, those of an earlier execution hold, and the values cannot be told apart.
  if (at >= end || bytes[at] !== 1) return cut;
  at++;
  const types: number[] = [];
  let traceparentIndex = -1;
  for (let index = 0; index < count; index++) {
    const length = lengthEncoded(bytes, at + 2, end);
    if (length < 0) return cut;
    const type = bytes[at]!;
    if (!fixedSizes.has(type) && !sizedTypes.has(type)) return cut;
    types.push(type);
    const name = at + 2 + lengthEncodedBytes(bytes[at + 2]!);
    if (length === traceparent.length && latin1Text(bytes, name, Math.min(end, name + length)) === traceparent)
      traceparentIndex = index;
    at = name + length;
    if (at > end) return cut;
  }
  let context: TraceContext | undefined;
  for (let index = 0; index < count; index++) {
    if ((bytes[nulls + (index >> 3)]! & (1 << (index & 7))) !== 0) continue;
    const size = fixedSizes.get(types[index]!);
    if (size !== undefined) {
      at += size;
      continue;
    }
    const length = lengthEncoded(bytes, at, end);
    if (length < 0) return { end: -1, context };
    const value = at + lengthEncodedBytes(bytes[at]!);
    at = value + length;
    if (at > end) return { end: -1, context };
    if (index === traceparentIndex) context = readTraceparent(bytes, value, at);
  }
  return { end: at > end ? -1 : at, context };
}
