/** Questions about single bytes and short runs of ASCII, asked without making strings. */

/** Whether the byte is 0-9. */
export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** Whether the byte is A-Z or a-z. */
export function isLetter(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

const hexValues = Int8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
});

/** The value of a hexadecimal digit, -1 for another byte. */
export function hexValue(byte: number | undefined): number {
  return byte === undefined ? -1 : (hexValues[byte] ?? -1);
}

/** Whether the bytes at `start` are `lower`, whatever their case; `lower` holds letters, digits and hyphens in lower case. */
export function matchesAt(bytes: Uint8Array, start: number, end: number, lower: Uint8Array): boolean {
  if (end - start < lower.length) return false;
  for (let index = 0; index < lower.length; index++) {
    if ((bytes[start + index]! | 0x20) !== lower[index]) return false;
  }
  return true;
}

/** Whether every byte of the run is a hexadecimal digit and the run is not empty. */
export function isHexRun(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start; index < end; index++) if (hexValue(bytes[index]) < 0) return false;
  return end > start;
}

/** The position of `byte` in the run, -1 if it is not there. */
export function indexOfByte(bytes: Uint8Array, byte: number, start: number, end: number): number {
  for (let index = start; index < end; index++) if (bytes[index] === byte) return index;
  return -1;
}

/** The decimal number written in the run; -1 if it is empty, holds other bytes or has more than 15 digits. */
export function decimalAt(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > 15) return -1;
  let value = 0;
  for (let index = start; index < end; index++) {
    const digit = bytes[index]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** What Buffer has besides its declared methods: `toString` spends more on its arguments than on a short text. */
interface Slicing {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
}

/** The run as text, a character a byte, as far as there are bytes: lengths that messages state may go beyond them. */
export function latin1Text(bytes: Buffer, start: number, end: number): string {
  const last = Math.min(end, bytes.length);
  return start < last ? (bytes as unknown as Slicing).latin1Slice(start, last) : '';
}

/** The same in UTF-8; what is malformed, such as a character cut at the end of what was captured, becomes U+FFFD. */
export function utf8Text(bytes: Buffer, start: number, end: number): string {
  const last = Math.min(end, bytes.length);
  return start < last ? (bytes as unknown as Slicing).utf8Slice(start, last) : '';
}

/** The 16-bit number at `at`, big-endian; the caller has checked that it is there. */
export function unsigned16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
