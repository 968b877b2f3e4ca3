import { describe, expect, test } from 'vitest';
import type { NetworkInterface, Observation, Tunnel } from '../../schemas/generated/event-batch.ts';
import { anInterface, anObservation } from '../../schemas/testing/a-segment.ts';
import { Interfaces } from './interfaces.ts';
import { observationPoint } from './observation-point.ts';

type Address = readonly [number, number, number, number];

const pod: Address = [10, 1, 1, 1];
const otherPod: Address = [10, 1, 1, 2];
const farPod: Address = [10, 1, 2, 1];
const node: Address = [192, 168, 0, 1];
const farNode: Address = [192, 168, 0, 2];
const outside: Address = [192, 0, 2, 9];
const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);
const otherMac = Uint8Array.of(2, 0, 0, 0, 0, 2);

const bytes = (address: Address): Uint8Array => Uint8Array.from(address);
const addresses = (...all: readonly Address[]): Pick<NetworkInterface, 'addresses'> => ({ addresses: all.map(bytes) });
const peers = (...all: readonly Address[]): Pick<NetworkInterface, 'peerAddresses'> => ({
  peerAddresses: all.map(bytes),
});
const passage = (which: Observation['passage']): Observation => anObservation({ passage: which });
const link = (which: Observation['passage'], destination: Uint8Array, source: Uint8Array): Observation =>
  anObservation({ passage: which, link: { destination, source, vlans: [] } });
const tunnelled = (source: Address, destination: Address, which: Observation['passage'] = 'outgoing'): Observation => {
  const tunnel: Tunnel = { type: 'vxlan', id: 7, source: bytes(source), destination: bytes(destination) };
  return anObservation({ passage: which, tunnels: [tunnel] });
};

/** Interfaces of a node with a bridge: a card, the bridge, and the host's ends of the pairs of two pods. */
const card = anInterface({ index: 2, name: 'eth0', macAddress: mac, ...addresses(node) });
const bridge = anInterface({ index: 3, name: 'cni0', kind: 'bridge', ...addresses([10, 1, 1, 254]) });
const podPair = anInterface({ index: 4, name: 'veth1', kind: 'virtual_pair', ...peers(pod) });
const otherPair = anInterface({ index: 5, name: 'veth2', kind: 'virtual_pair', ...peers(otherPod) });
const unknownPair = anInterface({ index: 6, name: 'veth3', kind: 'virtual_pair', addresses: [linkLocal()] });
const loopback = anInterface({ index: 1, name: 'lo', kind: 'loopback', ...addresses([127, 0, 0, 1]) });
const nodeInterfaces = [loopback, card, bridge, podPair, otherPair, unknownPair];

function linkLocal(): Uint8Array {
  const address = new Uint8Array(16);
  address.set([0xfe, 0x80]);
  address[15] = 1;
  return address;
}

interface Seen {
  readonly at: NetworkInterface | undefined;
  readonly client: Address;
  readonly server: Address;
  readonly sent?: Observation;
  readonly answered?: Observation;
  readonly facts?: readonly NetworkInterface[];
}

function pointOf({ at, client, server, sent, answered, facts = nodeInterfaces }: Seen): string {
  const interfaces = new Interfaces();
  interfaces.learn(facts);
  return observationPoint(
    {
      networkNamespace: 4,
      interfaceIndex: at?.index ?? 99,
      client: { address: bytes(client), sent },
      server: { address: bytes(server), sent: answered },
    },
    interfaces,
  );
}

describe('rules', () => {
  const gateway = anInterface({ index: 2, macAddress: mac, ...addresses([10, 9, 9, 1]) });
  test.each<[string, string, Seen]>([
    ['an interface that is loopback', 'local', { at: loopback, client: node, server: node }],
    ['a loopback address', 'local', { at: undefined, client: [127, 0, 0, 1], server: [127, 0, 0, 1], facts: [] }],
    ['both ends are the interface itself', 'local', { at: card, client: node, server: node }],
    ['the client is the interface itself', 'c', { at: card, client: node, server: outside }],
    ['the server is the interface itself', 's', { at: card, client: outside, server: node }],
    ['the client is at the other end of the pair', 'c', { at: podPair, client: pod, server: outside }],
    ['the server is at the other end of the pair', 's', { at: podPair, client: outside, server: pod }],
    ['the client is, and the server is on the node', 'c', { at: podPair, client: pod, server: otherPod }],
    ['the server is, and the client is on the node', 's', { at: otherPair, client: pod, server: otherPod }],
    ['both are on the node, at a third interface', 'local', { at: bridge, client: pod, server: otherPod }],
    ['the client is on the node', 'c-nd', { at: card, client: pod, server: outside }],
    ['the server is on the node', 's-nd', { at: card, client: outside, server: pod }],
    [
      'neither, and the packets of the client come in for the interface',
      'c-gw',
      { at: gateway, facts: [gateway], client: pod, server: outside, sent: link('incoming', mac, otherMac) },
    ],
    [
      'neither, and the packets of the client leave from the interface',
      's-gw',
      { at: gateway, facts: [gateway], client: pod, server: outside, sent: link('outgoing', otherMac, mac) },
    ],
    [
      'neither, and packets of others pass a mirror port',
      'rest',
      { at: gateway, facts: [gateway], client: pod, server: outside, sent: link('bypassing', otherMac, otherMac) },
    ],
    [
      'neither, and a frame comes in that is for another one',
      'rest',
      { at: gateway, facts: [gateway], client: pod, server: outside, sent: link('incoming', otherMac, otherMac) },
    ],
    ['nothing is known', 'rest', { at: undefined, client: pod, server: outside, facts: [] }],
  ])('%s: %s', (_, point, seen) => {
    expect(pointOf(seen)).toBe(point);
  });
});

describe('tunnels', () => {
  // Before the node knows its pods, or where they are known to another namespace only.
  const facts = [card];
  test.each<[string, string, Partial<Seen>]>([
    ["the client's packets leave in a tunnel of the node", 'c-nd', { sent: tunnelled(node, farNode) }],
    ["the client's packets arrive in a tunnel to the node", 's-nd', { sent: tunnelled(farNode, node) }],
    ["only the server's packets are seen, to the node", 'c-nd', { answered: tunnelled(farNode, node) }],
    ["only the server's packets are seen, from the node", 's-nd', { answered: tunnelled(node, farNode) }],
    ['a tunnel between others passes', 'rest', { sent: tunnelled(farNode, outside) }],
  ])('%s: %s', (_, point, seen) => {
    expect(pointOf({ at: card, client: pod, server: farPod, facts, ...seen })).toBe(point);
  });

  test('an interface that leads to the other node by a virtual pair is on the side whose address is here', () => {
    const uplink = anInterface({ kind: 'virtual_pair', ...addresses(node), ...peers(farNode) });
    const seen = { at: uplink, client: pod, server: farPod, facts: [uplink, podPair] };
    expect(pointOf({ ...seen, sent: tunnelled(node, farNode) })).toBe('c-nd');
    expect(pointOf({ ...seen, client: farPod, server: pod, sent: tunnelled(farNode, node, 'incoming') })).toBe('s-nd');
    expect(pointOf({ ...seen, client: node, server: farNode })).toBe('c');
    expect(pointOf({ ...seen, client: farNode, server: node })).toBe('s');
  });

  test('a host of virtual machines sees the tunnel of one at its tap as of the node', () => {
    const tap = anInterface({ index: 7, kind: 'tap', ...peers(node) });
    const sent = tunnelled(node, farNode, 'incoming');
    expect(pointOf({ at: tap, client: pod, server: farPod, facts: [tap], sent })).toBe('c-nd');
  });
});

describe('a virtual pair whose other end is not known', () => {
  test.each<[string, string, Partial<Seen>]>([
    ["the client's packets come out of it", 'c', { sent: passage('incoming'), answered: passage('outgoing') }],
    ["the server's packets come out of it", 's', { sent: passage('outgoing'), answered: passage('incoming') }],
    ['only packets to the client are seen, into it', 'c', { answered: passage('outgoing') }],
    ['only packets to the server are seen, into it', 's', { sent: passage('outgoing') }],
  ])('%s: %s', (_, point, seen) => {
    expect(pointOf({ at: unknownPair, client: farPod, server: outside, ...seen })).toBe(point);
  });

  test('says nothing where it leads to a network: it has an address of its own', () => {
    const uplink = anInterface({ kind: 'virtual_pair', ...addresses(node) });
    const seen = { at: uplink, client: pod, server: outside, facts: [uplink, podPair] };
    expect(pointOf({ ...seen, sent: passage('outgoing'), answered: passage('incoming') })).toBe('c-nd');
  });
});

describe('a virtual pair to a router that is captured, too', () => {
  const router: Address = [192, 168, 0, 254];
  const uplink = anInterface({ index: 7, kind: 'virtual_pair', macAddress: mac, ...addresses(node), ...peers(router) });
  const far = { networkNamespace: 5, kind: 'virtual_pair' } as const;
  const gateway = [
    anInterface({ ...far, index: 2, ...addresses(router), ...peers(node) }),
    anInterface({ ...far, index: 3, ...addresses([192, 168, 1, 254]), ...peers([192, 168, 1, 1]) }),
  ];
  const facts = [...nodeInterfaces.filter((one) => one !== card), uplink, ...gateway];

  test.each<[string, string, Partial<Seen>]>([
    ['what comes from its address is for a pod of this node', 's-nd', { client: router, server: pod }],
    ['what goes to its address is of a pod of this node', 'c-nd', { client: pod, server: router }],
    ['what comes from it is for this node', 's', { client: router, server: node }],
    ['what goes to it is of this node', 'c', { client: node, server: router }],
    [
      'what comes from it is for others, and this node passes it on',
      'c-gw',
      { client: router, server: outside, sent: link('incoming', mac, otherMac) },
    ],
  ])('is a cable: %s: %s', (_, point, seen) => {
    expect(pointOf({ at: uplink, client: pod, server: outside, facts, ...seen })).toBe(point);
  });

  test.each<[string, readonly NetworkInterface[]]>([
    ['its other end has no other network: it is a pod with a pair of its own', [uplink, podPair, gateway[0]!]],
    ['its other end is not captured', [uplink, podPair]],
    [
      'another namespace has the same address',
      [uplink, podPair, ...gateway.map((one) => ({ ...one, ...peers(outside) }))],
    ],
  ])('leads to a client as before where %s', (_, given) => {
    expect(pointOf({ at: uplink, client: router, server: pod, facts: given })).toBe('c');
  });

  test('a port of a bridge leads to a client, also when that is in several networks', () => {
    const port = anInterface({ index: 8, kind: 'virtual_pair', ...peers(router) });
    expect(pointOf({ at: port, client: router, server: outside, facts: [...facts, port] })).toBe('c');
  });
});

describe('a capture file without interfaces', () => {
  test.each<[string, string, Partial<Seen>]>([
    ["the client's packets leave", 'c', { sent: passage('outgoing'), answered: passage('incoming') }],
    ["the server's packets leave", 's', { sent: passage('incoming'), answered: passage('outgoing') }],
    ["only the client's packets are seen, leaving", 'c', { sent: passage('outgoing') }],
    ["only the client's packets are seen, coming in", 's', { sent: passage('incoming') }],
    ['both leave', 'local', { sent: passage('outgoing'), answered: passage('outgoing') }],
    ['both come in: it routes', 'rest', { sent: passage('incoming'), answered: passage('incoming') }],
    ['frames say nothing', 'rest', { sent: passage('unknown'), answered: passage('unknown') }],
  ])('%s: %s', (_, point, seen) => {
    expect(pointOf({ at: undefined, client: pod, server: outside, facts: [], ...seen })).toBe(point);
  });
});

test('an IPv4 address that is written as one of IPv6 is the same', () => {
  const mapped = Uint8Array.from([...new Array<number>(10).fill(0), 0xff, 0xff, ...node]);
  const interfaces = new Interfaces();
  interfaces.learn([card]);
  const client = { address: mapped, sent: undefined };
  const server = { address: bytes(outside), sent: undefined };
  expect(observationPoint({ networkNamespace: 4, interfaceIndex: 2, client, server }, interfaces)).toBe('c');
});
