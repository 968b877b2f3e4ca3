/** The bytes of RESP2 and RESP3 (redis.io, "Redis serialization protocol specification"). */

/** First bytes of values. */
export const respType = {
  simple: 0x2b,
  error: 0x2d,
  integer: 0x3a,
  bulk: 0x24,
  array: 0x2a,
  null: 0x5f,
  boolean: 0x23,
  double: 0x2c,
  bigNumber: 0x28,
  bulkError: 0x21,
  verbatim: 0x3d,
  map: 0x25,
  attribute: 0x7c,
  set: 0x7e,
  push: 0x3e,
} as const;

/** Result of `readCount` for what is no number. */
export const malformedCount = Number.NEGATIVE_INFINITY;

/** The position of the CR of the first CRLF at or behind `start`, -1 if there is none. */
export function lineBreakAfter(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at + 1 < end; at++) if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) return at;
  return -1;
}

/** The length or count written in the run: -1 for a null value, `malformedCount` for anything that is no number. */
export function readCount(bytes: Uint8Array, start: number, end: number): number {
  if (end - start === 2 && bytes[start] === 0x2d && bytes[start + 1] === 0x31) return -1;
  if (end <= start || end - start > 15) return malformedCount;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return malformedCount;
    value = value * 10 + digit;
  }
  return value;
}

/** Whether values of this type end with their line. */
export function isLineType(type: number): boolean {
  return (
    type === respType.simple ||
    type === respType.error ||
    type === respType.integer ||
    type === respType.double ||
    type === respType.bigNumber ||
    type === respType.boolean ||
    type === respType.null
  );
}

/** Whether values of this type declare the number of their bytes. */
export function isBulkType(type: number): boolean {
  return type === respType.bulk || type === respType.verbatim || type === respType.bulkError;
}

/** Whether values of this type hold others. */
export function isAggregateType(type: number): boolean {
  return (
    type === respType.array ||
    type === respType.set ||
    type === respType.map ||
    type === respType.push ||
    type === respType.attribute
  );
}

/** Whether RESP2 has no such values. */
export function isResp3Type(type: number): boolean {
  switch (type) {
    case respType.simple:
    case respType.error:
    case respType.integer:
    case respType.bulk:
    case respType.array:
      return false;
    default:
      return true;
  }
}
