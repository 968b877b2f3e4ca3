/** An address out of a column: IPv4 is stored as mapped into IPv6, and no address as the unspecified one. */
export function storedAddress(stored: string): string {
  return stored === '::' ? '' : stored.replace(/^::ffff:(?=\d+\.)/, '');
}
