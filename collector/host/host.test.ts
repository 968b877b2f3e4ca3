import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressBytes, isUnique, readMachineFacts } from './host.ts';

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

it.each([
  ['127.0.0.53', false],
  ['169.254.1.1', false],
  ['::1', false],
  ['fe80::1', false],
  ['10.1.2.3', true],
  ['2001:db8::1', true],
])('%s is unique: %s', (address, expected) => expect(isUnique(address)).toBe(expected));

describe('a machine', () => {
  let root = '';
  beforeEach(() => (root = `${mkdtempSync(join(tmpdir(), 'spanloom-machine-'))}/`));
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(root + path), { recursive: true });
    writeFileSync(root + path, text);
  };

  it('has a name and a kernel, and tells no more than it knows', () => {
    const { hostName, instanceUid, environment } = readMachineFacts('', root);
    expect(hostName).not.toBe('');
    expect(instanceUid).toBe('');
    expect(Object.keys(environment)).toEqual(['kernel', 'architecture']);
  });

  it('of EC2 says which instance it is', () => {
    write('sys/class/dmi/id/sys_vendor', 'Amazon EC2\n');
    write('sys/class/dmi/id/board_asset_tag', 'i-0abc123\n');
    write('etc/machine-id', `${'ab'.repeat(16)}\n`);
    const { instanceUid, environment } = readMachineFacts('node-1', root);
    expect(instanceUid).toBe('aws:i-0abc123');
    expect(environment).toMatchObject({ instance: 'aws:i-0abc123', node_name: 'node-1', machine_id: 'ab'.repeat(16) });
    write('sys/class/dmi/id/sys_vendor', 'Somebody');
    expect(readMachineFacts('', root).instanceUid).toBe('');
  });
});
