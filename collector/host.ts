import { arch, hostname, networkInterfaces, release } from 'node:os';
import { BlockList, isIPv4 } from 'node:net';

/** What the machine tells of itself. */
export interface MachineFacts {
  readonly hostName: string;
  /** 4 or 16 bytes each; without those that other hosts have too (loopback, link-local). */
  readonly addresses: readonly Uint8Array[];
  readonly environment: Readonly<Record<string, string>>;
}

const notUnique = new BlockList();
notUnique.addSubnet('127.0.0.0', 8, 'ipv4');
notUnique.addSubnet('169.254.0.0', 16, 'ipv4');
notUnique.addAddress('::1', 'ipv6');
notUnique.addSubnet('fe80::', 10, 'ipv6');

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

/** Reads the facts of this machine. */
export function readMachineFacts(): MachineFacts {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ address, family }) => !notUnique.check(address, family === 'IPv4' ? 'ipv4' : 'ipv6'))
    .map(({ address }) => addressBytes(address));
  return { hostName: hostname(), addresses, environment: { kernel: release(), architecture: arch() } };
}
