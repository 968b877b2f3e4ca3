/** A packet in every tunnel that is opened, with what is expected of it. */
import type { Tunnel } from './frames.ts';
import {
  addresses,
  cooked2,
  erspan,
  etherTypes,
  ethernet,
  geneve,
  gre,
  ipProtocols,
  ipv4,
  ipv6,
  mpls,
  mplsInUdp,
  nflog,
  nsh,
  pppoe,
  tcp,
  vxlan,
  vxlanGpe,
} from './packets.ts';

interface Encapsulation {
  readonly name: string;
  readonly bytes: Buffer;
  readonly tunnels: readonly Tunnel[];
  readonly linkType: number;
  /** An Ethernet header is in the tunnel. */
  readonly innerLink: boolean;
}

/** What the innermost packet says. */
export const inner = {
  ...{ source: '192.168.1.1', destination: '192.168.1.2', protocol: 6, sourcePort: 40000, destinationPort: 80 },
} as const;

const segment = tcp(Buffer.from('hello'));
const packet = ipv4(ipProtocols.tcp, segment, { source: inner.source, destination: inner.destination });
const macs = { source: '02:00:00:00:00:0a', destination: '02:00:00:00:00:0b' };
const frame = ethernet(etherTypes.ipv4, packet, macs);
const over4 = (protocol: number, bytes: Buffer): Buffer => ethernet(etherTypes.ipv4, ipv4(protocol, bytes));
const over6 = (protocol: number, bytes: Buffer): Buffer => ethernet(etherTypes.ipv6, ipv6(protocol, bytes));

const tunnel = (type: string, id = 0): Tunnel => ({
  ...{ type, id, source: addresses.client, destination: addresses.server },
});
const tunnel6 = (type: string, id = 0): Tunnel => ({
  ...{ type, id, source: addresses.client6, destination: addresses.server6 },
});
const bare = (type: string, id: number): Tunnel => ({ type, id, source: '', destination: '' });

function one(
  name: string,
  bytes: Buffer,
  tunnels: Tunnel | readonly Tunnel[],
  innerLink = false,
  linkType = 1,
): Encapsulation {
  return {
    name,
    bytes,
    tunnels: Array.isArray(tunnels) ? (tunnels as Tunnel[]) : [tunnels as Tunnel],
    innerLink,
    linkType,
  };
}

const { udp, gre: inGre, ipip, mpls: inMpls } = ipProtocols;

/** All of them. */
export const encapsulations: readonly Encapsulation[] = [
  one('VXLAN', over4(udp, vxlan(0xabcdef, frame)), tunnel('vxlan', 0xabcdef), true),
  one('VXLAN of Linux', over4(udp, vxlan(1, frame, 8472)), tunnel('vxlan', 1), true),
  one('VXLAN over IPv6', over6(udp, vxlan(42, frame)), tunnel6('vxlan', 42), true),
  one('VXLAN-GPE with IPv4', over4(udp, vxlanGpe(7, 1, packet)), tunnel('vxlan_gpe', 7)),
  one('VXLAN-GPE with Ethernet', over4(udp, vxlanGpe(7, 3, frame)), tunnel('vxlan_gpe', 7), true),
  one('VXLAN-GPE with NSH', over4(udp, vxlanGpe(7, 4, nsh(3, frame))), tunnel('vxlan_gpe', 7), true),
  one('VXLAN-GPE with NSH and IPv4', over4(udp, vxlanGpe(7, 4, nsh(1, packet))), tunnel('vxlan_gpe', 7)),
  one('GENEVE', over4(udp, geneve(9, etherTypes.ethernet, frame)), tunnel('geneve', 9), true),
  one(
    'GENEVE with options',
    over4(udp, geneve(9, etherTypes.ethernet, frame, Buffer.from('0102800100000000', 'hex'))),
    tunnel('geneve', 9),
    true,
  ),
  one('GENEVE with IPv4', over6(udp, geneve(9, etherTypes.ipv4, packet)), tunnel6('geneve', 9)),
  one('IPv4 in IPv4', over4(ipip, packet), tunnel('ipip')),
  one('IPv4 in IPv6', over6(ipip, packet), tunnel6('ipip')),
  one('GRE', over4(inGre, gre(etherTypes.ipv4, packet)), tunnel('gre')),
  one('GRE over IPv6', over6(inGre, gre(etherTypes.ipv4, packet)), tunnel6('gre')),
  one('GRE with a key', over4(inGre, gre(etherTypes.ipv4, packet, { key: 0xdeadbeef })), tunnel('gre', 0xdeadbeef)),
  one(
    'GRE with checksum, key and sequence',
    over4(inGre, gre(etherTypes.ipv4, packet, { checksum: true, key: 3, sequence: 4 })),
    tunnel('gre', 3),
  ),
  one('Ethernet in GRE', over4(inGre, gre(etherTypes.ethernet, frame, { key: 5 })), tunnel('teb', 5), true),
  one('ERSPAN I', over4(inGre, erspan(1, 0, frame)), tunnel('erspan1'), true),
  one('ERSPAN II', over4(inGre, erspan(2, 12, frame)), tunnel('erspan2', 12), true),
  one('ERSPAN III', over4(inGre, erspan(3, 13, frame)), tunnel('erspan3', 13), true),
  one('ERSPAN III of a platform', over4(inGre, erspan(3, 13, frame, true)), tunnel('erspan3', 13), true),
  one('MPLS', ethernet(etherTypes.mpls, mpls([100, 200], packet)), bare('mpls', 200)),
  one('MPLS in IP', over4(inMpls, mpls([100], packet)), tunnel('mpls', 100)),
  one('MPLS in UDP', over4(udp, mplsInUdp([100, 300], packet)), tunnel('mpls', 300)),
  one('MPLS in UDP over IPv6', over6(udp, mplsInUdp([300], ipv6(ipip, packet))), [
    tunnel6('mpls', 300),
    tunnel6('ipip'),
  ]),
  one('PPPoE', ethernet(etherTypes.pppoe, pppoe(0x21, packet)), []),
  one(
    'PPPoE behind a tag',
    ethernet(etherTypes.pppoe, pppoe(0x57, ipv6(ipip, packet)), { tags: [[0x8100, 7]] }),
    tunnel6('ipip'),
  ),
  one('MPLS in PPPoE', ethernet(etherTypes.pppoe, pppoe(0x281, mpls([9], packet))), bare('mpls', 9)),
  one(
    'Ethernet in MPLS behind a control word',
    ethernet(etherTypes.mpls, mpls([500], Buffer.concat([Buffer.alloc(4), frame]))),
    bare('mpls', 500),
    true,
  ),
  one('MPLS in GRE', over4(inGre, gre(etherTypes.mpls, mpls([8], packet), { key: 1 })), [
    tunnel('gre', 1),
    bare('mpls', 8),
  ]),
  one(
    'VXLAN in IPIP behind tags',
    ethernet(etherTypes.ipv4, ipv4(ipip, ipv4(udp, vxlan(6, frame))), {
      tags: [
        [0x88a8, 10],
        [0x8100, 20],
      ],
    }),
    [tunnel('ipip'), tunnel('vxlan', 6)],
    true,
  ),
  one(
    'IPIP in VXLAN',
    over6(udp, vxlan(6, ethernet(etherTypes.ipv4, ipv4(ipip, packet), macs))),
    [tunnel6('vxlan', 6), tunnel('ipip')],
    true,
  ),
  one('VXLAN in a cooked frame', cooked2(etherTypes.ipv4, ipv4(udp, vxlan(6, frame))), tunnel('vxlan', 6), true, 276),
  one('netfilter log', nflog(packet), [], false, 239),
  one('IPv6 in a netfilter log', nflog(ipv6(ipip, packet)), tunnel6('ipip'), false, 239),
  one('IPIP in raw IP', ipv4(ipip, packet), tunnel('ipip'), false, 101),
];
