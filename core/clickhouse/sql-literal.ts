/** Values as ClickHouse SQL literals: the one way in which values get into statements. */

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '\0': '\\0' };

/** A string literal. Any text is safe in it; the engine's text interface ends at a NUL, so that is escaped too. */
export function stringLiteral(text: string): string {
  return `'${text.replaceAll(/[\\'\0]/g, (character) => escapes[character]!)}'`;
}

/** Bytes given in hexadecimal, as a FixedString or String value. Anything but hexadecimal digits is refused. */
export function bytesLiteral(hexadecimal: string): string {
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(hexadecimal)) throw new RangeError('not hexadecimal');
  return `unhex('${hexadecimal}')`;
}

/** As {@link bytesLiteral}, for long lists: nothing is computed for each. */
export function plainBytesLiteral(hexadecimal: string): string {
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(hexadecimal)) throw new RangeError('not hexadecimal');
  return `x'${hexadecimal}'`;
}

/** A whole number of any size. */
export function integerLiteral(value: number | bigint): string {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new RangeError('not a whole number');
  return String(value);
}

/** Unix time in nanoseconds as a DateTime64(9). */
export function timeLiteral(timeNs: bigint): string {
  return `fromUnixTimestamp64Nano(${BigInt.asIntN(64, timeNs)}, 'UTC')`;
}

/** A name of a table or column, quoted. */
export function nameLiteral(name: string): string {
  return `\`${name.replaceAll(/[\\`]/g, (character) => `\\${character}`)}\``;
}
