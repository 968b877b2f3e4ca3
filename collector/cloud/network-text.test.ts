import { describe, expect, it } from 'vitest';
import { parseAddress, parseMacAddress, parseNetwork } from './network-text.ts';

const hex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');

describe('text of networks', () => {
  it.each([
    ['10.1.2.3', '0a010203'],
    ['2001:db8::1', '20010db8000000000000000000000001'],
    ['10.1.2.300', undefined],
    ['10.1.2', undefined],
    ['fe80::1%eth0', undefined],
    ['', undefined],
  ])('the address %s is %s', (text, expected) => expect(hex(parseAddress(text))).toBe(expected));

  it.each([
    ['10.1.255.7/20', '0a01f000', 20],
    ['10.1.2.3/0', '00000000', 0],
    ['10.1.2.3', '0a010203', 32],
    ['2001:db8:ffff::1/36', '20010db8f00000000000000000000000', 36],
  ])('the network %s begins at %s with a prefix of %s bits', (text, address, prefixLength) => {
    const network = parseNetwork(text)!;
    expect([hex(network.address), network.prefixLength]).toEqual([address, prefixLength]);
  });

  it.each(['10.1.2.3/33', '10.1.2.3/', '10.1.2.3/-1', '10.1.2.3/8/8', 'x/8', '::/129'])('%s is no network', (text) =>
    expect(parseNetwork(text)).toBeUndefined(),
  );

  it('of hardware addresses takes colons or hyphens, and not what every interface without one has', () => {
    expect(hex(parseMacAddress('0A:1b:2c:3d:4e:5f'))).toBe('0a1b2c3d4e5f');
    expect(hex(parseMacAddress('0a-1b-2c-3d-4e-5f'))).toBe('0a1b2c3d4e5f');
    for (const text of ['00:00:00:00:00:00', '0a:1b:2c-3d:4e:5f', '0a:1b:2c:3d:4e', ''])
      expect(parseMacAddress(text)).toBeUndefined();
  });
});
