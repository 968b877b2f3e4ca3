import { addressText } from '../schemas/trace-json.ts';

/** Texts of IPv4 addresses seen lately: there are few, and writing one takes longer than most of a span. */
const maxTexts = 4096;
const texts = new Map<number, string>();

/** An address as text; empty for none and for the unspecified one. */
export function cachedAddressText(bytes: Uint8Array): string {
  if (bytes.length !== 4) return addressText(bytes);
  const key = (bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!;
  if (key === 0) return '';
  let text = texts.get(key);
  if (text === undefined) {
    if (texts.size >= maxTexts) texts.clear();
    texts.set(key, (text = addressText(bytes)));
  }
  return text;
}
