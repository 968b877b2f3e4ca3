function isMappedIpv4(address: Uint8Array): boolean {
  if (address.length !== 16 || address[10] !== 0xff || address[11] !== 0xff) return false;
  for (let index = 0; index < 10; index++) if (address[index] !== 0) return false;
  return true;
}

/** An address as a short string; ::ffff:a.b.c.d equals a.b.c.d, since the two ends of one call may differ in that. */
export function addressKey(address: Uint8Array): string {
  const at = address.length === 4 ? 0 : isMappedIpv4(address) ? 12 : -1;
  return at >= 0
    ? String.fromCharCode(address[at]!, address[at + 1]!, address[at + 2]!, address[at + 3]!)
    : String.fromCharCode(...address);
}
