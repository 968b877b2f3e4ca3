import { isIP } from 'node:net';
import { addressBytes } from '../../schemas/trace-json.ts';

const nobody = Buffer.alloc(0);

/** Bytes of an address as sockets say it; of an IPv4 address in IPv6 the 4 of IPv4, of none none. */
export function senderAddress(text: string | undefined): Uint8Array {
  const plain = (text ?? '').replace(/^::ffff:(?=\d+\.\d)/i, '').replace(/%.*$/, '');
  return isIP(plain) === 0 ? nobody : addressBytes(plain);
}
