import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { loadNative } from '../../native/load.ts';
import { addressText } from '../../schemas/trace-json.ts';
import { inet6Addresses, localAddresses, readHostNetwork } from './host-network.ts';

const fibTrie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 172.17.0.0
        /16 link UNICAST
Local:
  +-- 0.0.0.0/0 3 0 5
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.1
           /32 host LOCAL
     |-- 172.17.0.2
        /32 host LOCAL
     |-- 172.17.255.255
        /32 link BROADCAST
     |-- 172.17.0.2
        /32 host LOCAL
`;

describe('addresses of a network namespace', () => {
  it('are those that are local to it', () => expect(localAddresses(fibTrie)).toEqual(['127.0.0.1', '172.17.0.2']));

  it('are read of IPv6 too', () => {
    const text = '20010db8000000000000000000000005 02 40 00 80     eth0\nfe80000000000000abcd 02\n\n';
    expect(inet6Addresses(text)).toEqual(['2001:0db8:0000:0000:0000:0000:0000:0005']);
  });

  it('are none of nothing', () => {
    expect(localAddresses('')).toEqual([]);
    expect(inet6Addresses('\n')).toEqual([]);
  });
});

const readMacAddresses = (processId: number): Promise<readonly string[] | undefined> =>
  loadNative().readMacAddresses(processId);

/** @throws Error where it must work */
function canUnshare(): boolean {
  if (spawnSync('unshare', ['-n', 'ip', 'link']).status === 0) return true;
  const obstacle = 'network namespaces cannot be made with unshare and ip';
  if (process.env['TEST_REQUIRE_ALL'] === '1') throw new Error(obstacle);
  console.log(`skipped: ${obstacle}`);
  return false;
}

describe('this host', () => {
  it('has no address that others have too, and each once', async () => {
    const { addresses, macAddresses } = await readHostNetwork(readMacAddresses);
    const texts = addresses.map(addressText);
    expect(texts.filter((text) => text.startsWith('127.') || text.startsWith('fe80') || text === '::1')).toEqual([]);
    expect(new Set(texts).size).toBe(texts.length);
    for (const mac of macAddresses) expect(mac).toHaveLength(6);
  });
});

describe.skipIf(!canUnshare())('a host with a network namespace', () => {
  /** What the host is reached at while a process is in a namespace with an interface of its own. */
  async function withNamespace(...options: readonly string[]): Promise<readonly string[]> {
    const script =
      'ip link add name shop0 address 02:00:5e:00:00:63 type bridge && ip addr add 198.51.100.99/32 dev shop0 && ip link set shop0 up && ip addr add 2001:db8::99/128 dev shop0 && echo ready && exec sleep 30';
    const child = spawn('unshare', [...options, 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await once(child.stdout, 'data');
      const { addresses, macAddresses } = await readHostNetwork(readMacAddresses);
      return [...addresses.map(addressText), ...macAddresses.map((mac) => Buffer.from(mac).toString('hex'))];
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }

  it('has the addresses in it, as long as somebody is in it', async () => {
    expect(await withNamespace('-n')).toEqual(
      expect.arrayContaining(['198.51.100.99', '2001:db8::99', '02005e000063']),
    );
    expect((await readHostNetwork(readMacAddresses)).addresses.map(addressText)).not.toContain('198.51.100.99');
  });

  it('has none that a user gives himself in a user namespace of his own', async () => {
    const addresses = await withNamespace('-U', '-r', '-n');
    for (const address of ['198.51.100.99', '2001:db8::99', '02005e000063']) expect(addresses).not.toContain(address);
  });

  it('does not wait for a namespace whose interfaces are not told', async () => {
    const child = spawn('unshare', ['-n', 'sh', '-c', 'echo ready && exec sleep 30'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      await once(child.stdout, 'data');
      const { addresses } = await readHostNetwork(() => new Promise(() => undefined));
      expect(addresses.length).toBeGreaterThanOrEqual(0);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
});
