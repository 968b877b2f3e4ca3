/** Addresses, networks and hardware addresses as people and clouds write them. What is none gives undefined. */
import { isIP } from 'node:net';
import type { Network } from '../../schemas/generated/resource.ts';
import { addressBytes } from '../host/host.ts';

/** The 4 or 16 bytes of an address. */
export function parseAddress(text: string): Uint8Array | undefined {
  return isIP(text) === 0 || text.includes('%') ? undefined : addressBytes(text);
}

/** A network in CIDR notation. Bits after the prefix are cleared; an address alone is a network of one. */
export function parseNetwork(text: string): Network | undefined {
  const [addressText = '', lengthText, ...more] = text.split('/');
  const address = parseAddress(addressText);
  if (address === undefined || more.length > 0) return undefined;
  const bits = address.length * 8;
  if (lengthText === undefined) return { address, prefixLength: bits };
  const prefixLength = /^\d{1,3}$/.test(lengthText) ? Number(lengthText) : Infinity;
  return prefixLength > bits ? undefined : { address: cleared(address, prefixLength), prefixLength };
}

function cleared(address: Uint8Array, prefixLength: number): Uint8Array {
  return address.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefixLength - index * 8))));
}

/** The 6 bytes of a hardware address, written with colons or hyphens; undefined for the one that is all zeros. */
export function parseMacAddress(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i.test(text)) return undefined;
  const bytes = Uint8Array.from(text.split(/[:-]/).map((pair) => parseInt(pair, 16)));
  return bytes.every((byte) => byte === 0) ? undefined : bytes;
}
