import { isIP } from 'node:net';
import { addressBytes } from '../schemas/trace-json.ts';

const none: Uint8Array = Buffer.alloc(0);
/** Texts seen lately: there are few. */
const maxTexts = 4096;
/** The longest address has 45. */
const maxCharacters = 64;
const addresses = new Map<string, Uint8Array>();

/** The 4 or 16 bytes of an address in an attribute; none for what is a name, a path or has a zone. */
export function addressOfText(text: string): Uint8Array {
  if (text === '' || text.length > maxCharacters) return none;
  let address = addresses.get(text);
  if (address === undefined) {
    if (addresses.size >= maxTexts) addresses.clear();
    addresses.set(text, (address = parse(text)));
  }
  return address;
}

function parse(text: string): Uint8Array {
  const version = isIP(text);
  if (version === 0 || text.includes('%')) return none;
  // The last 32 bits may be written as those of IPv4.
  const dotted = version === 6 && text.includes('.') ? text.lastIndexOf(':') + 1 : 0;
  if (dotted === 0) return addressBytes(text);
  const [a, b, c, d] = addressBytes(text.slice(dotted)) as unknown as [number, number, number, number];
  const bytes = addressBytes(`${text.slice(0, dotted)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`);
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return isMapped ? bytes.subarray(12) : bytes;
}
