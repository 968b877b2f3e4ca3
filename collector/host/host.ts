import { readFileSync } from 'node:fs';
import { BlockList, isIP, isIPv4 } from 'node:net';
import { arch, hostname, release } from 'node:os';

/** Facts about the machine. */
export interface MachineFacts {
  readonly hostName: string;
  /** Uid of the cloud instance that this host is; empty where it does not say. */
  readonly instanceUid: string;
  readonly environment: Readonly<Record<string, string>>;
}

const notUnique = new BlockList();
notUnique.addSubnet('127.0.0.0', 8, 'ipv4');
notUnique.addSubnet('169.254.0.0', 16, 'ipv4');
notUnique.addAddress('::1', 'ipv6');
notUnique.addSubnet('fe80::', 10, 'ipv6');

/** False for addresses that every host has (loopback), or may have (link-local). */
export function isUnique(address: string): boolean {
  return !notUnique.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

/** An address as the wire has it: 4 or 16 bytes. */
export function addressBytes(text: string): Uint8Array {
  if (isIPv4(text)) return Uint8Array.from(text.split('.').map(Number));
  const [head = '', tail] = text.split('%')[0]!.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').flatMap((group) => (isIPv4(group) ? ipv4Groups(group) : [parseInt(group, 16)]));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const all = [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function ipv4Groups(text: string): number[] {
  const [a, b, c, d] = text.split('.').map(Number) as [number, number, number, number];
  return [(a << 8) | b, (c << 8) | d];
}

/** Reads the facts of this machine. @param root of its file system; of another one in tests */
export function readMachineFacts(nodeName = '', root = '/'): MachineFacts {
  const text = (path: string): string => readOrEmpty(`${root}${path}`);
  // The collector may stand in a container: what process 1 of the machine sees is the machine's.
  const machineId = text('proc/1/root/etc/machine-id') || text('etc/machine-id');
  const instanceId = /^i-[0-9a-f]+$/.exec(text('sys/class/dmi/id/board_asset_tag'))?.[0] ?? '';
  const isAmazon = /amazon/i.test(text('sys/class/dmi/id/sys_vendor'));
  const instanceUid = isAmazon && instanceId !== '' ? `aws:${instanceId}` : '';
  const facts = {
    kernel: release(),
    architecture: arch(),
    machine_id: /^[0-9a-f]{32}$/.test(machineId) ? machineId : '',
    node_name: nodeName,
    instance: instanceUid,
  };
  const environment = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== ''));
  return { hostName: hostname(), instanceUid, environment };
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
