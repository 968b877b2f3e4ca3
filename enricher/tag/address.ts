/**
 * Addresses as keys of maps: a 32-bit integer for IPv4, also where it is written as ::ffff:a.b.c.d, else a text of 16
 * characters. Undefined for what is no address, as that of a Unix socket.
 */
export type AddressKey = number | string;

/** The key of an address of 4 or 16 bytes. */
export function addressKey(address: Uint8Array): AddressKey | undefined {
  if (address.length === 4) return keyAt(address, 0);
  if (address.length !== 16) return undefined;
  if (isMapped(address)) return keyAt(address, 12);
  return String.fromCharCode(...address);
}

/** The key of the network that an address lies in; `address` is a key. */
export function networkKey(address: AddressKey, prefixLength: number): AddressKey {
  if (typeof address === 'number') return prefixLength === 0 ? 0 : address & (-1 << (32 - prefixLength));
  const whole = prefixLength >> 3;
  const bits = prefixLength & 7;
  if (bits === 0) return address.slice(0, whole);
  return address.slice(0, whole) + String.fromCharCode(address.charCodeAt(whole) & (0xff00 >> bits));
}

/** Whether an address is this host itself. */
export function isLoopback(address: AddressKey): boolean {
  if (typeof address === 'number') return address >>> 24 === 127;
  return address === loopback6;
}

/** Whether it stands for all addresses of a host: 0.0.0.0, also within IPv6, or ::. */
export function isUnspecified(address: Uint8Array): boolean {
  return (
    (address.length === 4 || address.length === 16) &&
    (addressKey(address) === 0 || address.every((byte) => byte === 0))
  );
}

/** Whether an address is public: not private, shared, link-local, multicast or unspecified. */
export function isPublic(address: AddressKey): boolean {
  if (typeof address === 'number') {
    const [first, second] = [address >>> 24, (address >>> 16) & 0xff];
    if (first === 0 || first === 10 || first === 127 || first >= 224) return false;
    if (first === 172) return second < 16 || second > 31;
    if (first === 192) return second !== 168 && !(second === 0 && ((address >>> 8) & 0xff) === 0);
    if (first === 100) return second < 64 || second > 127;
    if (first === 169) return second !== 254;
    if (first === 198) return second !== 18 && second !== 19;
    return true;
  }
  // 2000::/3 is all global unicast (RFC 4291, section 2.4).
  return (address.charCodeAt(0) & 0xe0) === 0x20;
}

const loopback6 = '\0'.repeat(15) + '\x01';

function keyAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function isMapped(address: Uint8Array): boolean {
  for (let index = 0; index < 10; index++) if (address[index] !== 0) return false;
  return address[10] === 0xff && address[11] === 0xff;
}
