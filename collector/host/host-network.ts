/**
 * Addresses and hardware addresses of this host and of its network namespaces (containers without Kubernetes, virtual
 * routers). Those of pods are left out: Kubernetes publishes them, exactly and in time. Other namespaces are read through
 * the processes in them, as far as this process's rights allow; unreadable ones are skipped. Namespaces that a user created in
 * a user namespace of their own are left out: there the user can assign any address.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { parseMacAddress } from '../cloud/network-text.ts';
import { addressBytes, isUnique } from './host.ts';
import { parseCgroup } from '../processes/cgroup-path.ts';
import type { NativeCapture } from '../../native/capture.ts';
import { listProcessIds, readProcText } from '../processes/proc-files.ts';

/** What a host is reached at. Without what other hosts have too (loopback, link-local), sorted. */
export interface HostNetwork {
  /** 4 or 16 bytes each. */
  readonly addresses: readonly Uint8Array[];
  /** 6 bytes each. */
  readonly macAddresses: readonly Uint8Array[];
}

const maxNamespaces = 1024;
const maxAddresses = 4096;
/** Of a table of routes or addresses; what a namespace has beyond it is left out. */
const maxTableBytes = 4 * 1024 * 1024;
const answerMs = 1_000;
/** Processes looked at in one go: the rest of the collector must not wait. */
const processesAtOnce = 200;

/** Reads the hardware addresses in the network namespace of a process, on another thread. */
export type ReadMacAddresses = NativeCapture['readMacAddresses'];

/** Reads what this host is reached at now. */
export async function readHostNetwork(readOthers: ReadMacAddresses, root = '/proc'): Promise<HostNetwork> {
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const addresses = own.map(({ address }) => address.split('%')[0]!);
  const macAddresses = [...own.map(({ mac }) => mac), ...readMacAddresses('/sys/class/net')];
  let answer = true;
  for (const processId of await otherNamespaces(root)) {
    addresses.push(...localAddresses(readProcText(`${root}/${processId}/net/fib_trie`, maxTableBytes)));
    addresses.push(...inet6Addresses(readProcText(`${root}/${processId}/net/if_inet6`, maxTableBytes)));
    // Once it has not answered in time it is not asked again in this round.
    const macs: readonly string[] | null | undefined = answer
      ? await Promise.race([readOthers(processId), sleep(answerMs, null)])
      : undefined;
    answer &&= macs !== null;
    macAddresses.push(...(macs ?? []));
  }
  return {
    addresses: sorted(addresses.filter(isUnique).map(addressBytes)),
    macAddresses: sorted(macAddresses.flatMap((mac) => parseMacAddress(mac) ?? [])),
  };
}

/** A process in each network namespace that is neither this one's, nor a pod's, nor of a user's own making. */
async function otherNamespaces(root: string): Promise<readonly number[]> {
  const known = new Set([namespaceOf(`${root}/self`, 'net')]);
  const ownUsers = namespaceOf(`${root}/self`, 'user');
  const members: number[] = [];
  let looked = 0;
  for (const processId of listProcessIds(root)) {
    if (++looked % processesAtOnce === 0) await nextTurn();
    const namespace = namespaceOf(`${root}/${processId}`, 'net');
    if (namespace === '' || known.has(namespace)) continue;
    // To enter a network namespace from this user namespace takes rights in it: another process may have them.
    if (namespaceOf(`${root}/${processId}`, 'user') !== ownUsers) continue;
    known.add(namespace);
    if (parseCgroup(readProcText(`${root}/${processId}/cgroup`)).podUid === '') members.push(processId);
    if (members.length >= maxNamespaces) break;
  }
  return members;
}

function namespaceOf(process: string, kind: 'net' | 'user'): string {
  try {
    return readlinkSync(`${process}/ns/${kind}`);
  } catch {
    // It has ended, or belongs to someone whom these rights do not cover.
    return '';
  }
}

/** IPv4 addresses of a namespace, from the text of its fib_trie. */
export function localAddresses(fibTrie: string): readonly string[] {
  const pattern = /\|-- (\d+\.\d+\.\d+\.\d+)\n\s+\/32 host LOCAL/g;
  return [...new Set([...fibTrie.matchAll(pattern)].map(([, address]) => address!))];
}

/** IPv6 addresses of a namespace, from the text of its if_inet6. */
export function inet6Addresses(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => /^[0-9a-f]{32}(?= )/.exec(line)?.[0] ?? '')
    .filter((hex) => hex !== '')
    .map((hex) => hex.match(/.{4}/g)!.join(':'));
}

/** Of this process's own namespace. */
function readMacAddresses(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => readProcText(`${folder}/${name}/address`).trim());
  } catch {
    return [];
  }
}

function sorted(all: readonly Uint8Array[]): readonly Uint8Array[] {
  const byText = new Map(all.map((bytes) => [Buffer.from(bytes).toString('hex'), bytes]));
  return [...byText.entries()]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .slice(0, maxAddresses)
    .map(([, bytes]) => bytes);
}
