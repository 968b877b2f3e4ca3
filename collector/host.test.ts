import { expect, it } from 'vitest';
import { addressBytes, readMachineFacts } from './host.ts';

it.each([
  ['10.1.2.3', '0a010203'],
  ['2001:db8::1', '20010db8000000000000000000000001'],
  ['fe80::1%eth0', 'fe800000000000000000000000000001'],
  ['::ffff:10.1.2.3', '00000000000000000000ffff0a010203'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['::', '00000000000000000000000000000000'],
])('the address %s is %s on the wire', (text, hex) => {
  expect(Buffer.from(addressBytes(text)).toString('hex')).toBe(hex);
});

it('this machine has a name, and no address that every machine has', () => {
  const { hostName, addresses } = readMachineFacts();
  expect(hostName).not.toBe('');
  for (const address of addresses) expect(address[0]).not.toBe(127);
});
