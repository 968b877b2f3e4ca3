import { describe, expect, it } from 'vitest';
import { Random } from '../../core/testing/random.ts';
import { loadNative } from '../load.ts';
import { pcap } from './testing/capture-builder.ts';
import { type Frame, readFrames } from './testing/frames.ts';
import { encapsulations, inner } from './testing/encapsulations.ts';
import {
  addresses,
  etherTypes,
  ethernet,
  extension,
  flags,
  fragment6,
  gre,
  icmp,
  ipProtocols,
  ipv4,
  ipv6,
  nflog,
  pppoe,
  jumbo,
  mpls,
  sackOptions,
  synOptions,
  tcp,
  udp,
  vxlan,
} from './testing/packets.ts';

const read = (bytes: Buffer, linkType = 1): Frame => {
  const { frames } = readFrames(pcap([{ bytes }], { linkType }));
  return frames.at(-1)!;
};
const payload = Buffer.from('hello');
const overIpv4 = (protocol: number, bytes: Buffer, options = {}): Buffer =>
  ethernet(etherTypes.ipv4, ipv4(protocol, bytes, options));
const overIpv6 = (next: number, bytes: Buffer, options = {}): Buffer =>
  ethernet(etherTypes.ipv6, ipv6(next, bytes, options));

describe('a frame of TCP', () => {
  it('has all of its header', () => {
    const bytes = tcp(payload, { sequence: 0xfffffff0, acknowledgment: 0x80000000, flags: 0x112, window: 512 });
    expect(read(overIpv4(ipProtocols.tcp, bytes))).toMatchObject({
      unparsed: 'parsed',
      ...{ ipVersion: 4, source: addresses.client, destination: addresses.server, hopLimit: 64 },
      ...{ protocol: 6, sourcePort: 40000, destinationPort: 80, payloadLength: 5, payloadCaptured: 5, payloadAt: 54 },
      tcp: { sequence: 0xfffffff0, acknowledgment: 0x80000000, flags: 0x112, window: 512, windowScale: -1 },
    });
  });

  it('has the options of a SYN', () => {
    const bytes = tcp(Buffer.alloc(0), { flags: flags.syn, options: synOptions });
    const expected = { windowScale: 7, maxSegmentSize: 1460, maySack: true, timestamps: [5, 6], sacks: [] };
    expect(read(overIpv4(ipProtocols.tcp, bytes)).tcp).toMatchObject(expected);
  });

  it('has selective acknowledgments', () => {
    const sacks = [
      [3000, 4000],
      [5000, 6000],
    ];
    expect(read(overIpv4(ipProtocols.tcp, tcp(payload, { options: sackOptions }))).tcp).toMatchObject({ sacks });
  });

  it('keeps its header where options are broken', () => {
    for (const options of ['02000000', '02ff0000', '05030000', '0000000f', '08020304']) {
      const bytes = tcp(payload, { options: Buffer.from(options, 'hex') });
      expect(read(overIpv4(ipProtocols.tcp, bytes))).toMatchObject({ unparsed: 'parsed', payloadLength: 5 });
    }
  });

  it('of which only the header was captured tells how long its payload is', () => {
    const bytes = overIpv4(ipProtocols.tcp, tcp(Buffer.alloc(1000), { options: synOptions }));
    for (const captured of [14 + 20 + 20, 14 + 20 + 30, 14 + 20 + 40, 14 + 20 + 50]) {
      const { frames } = readFrames(pcap([{ bytes: bytes.subarray(0, captured), length: bytes.length }]));
      const payloadCaptured = Math.max(0, captured - 74);
      expect(frames).toMatchObject([{ unparsed: 'parsed', payloadLength: 1000, payloadCaptured }]);
    }
  });

  it('has no payload in the padding of short frames', () => {
    const bytes = Buffer.concat([overIpv4(ipProtocols.tcp, tcp(Buffer.alloc(0))), Buffer.alloc(6)]);
    expect(read(bytes)).toMatchObject({ payloadLength: 0, payloadCaptured: 0 });
  });
});

describe('a frame longer than the network takes', () => {
  it('has a total length of 0 where segmentation is left to the card, and ends with the frame', () => {
    const bytes = overIpv4(ipProtocols.tcp, tcp(Buffer.alloc(200_000)), { totalLength: 0 });
    expect(read(bytes)).toMatchObject({ unparsed: 'parsed', payloadLength: 200_000, payloadCaptured: 200_000 });
    const six = overIpv6(ipProtocols.tcp, tcp(Buffer.alloc(200_000)), { payloadLength: 0 });
    expect(read(six)).toMatchObject({ unparsed: 'parsed', payloadLength: 200_000 });
  });

  it('has 64 KiB and a total length', () => {
    const bytes = overIpv4(ipProtocols.tcp, tcp(Buffer.alloc(65_535 - 40)));
    expect(read(bytes)).toMatchObject({ payloadLength: 65_495 });
  });

  it('has the length of a jumbogram', () => {
    const bytes = overIpv6(0, jumbo(ipProtocols.tcp, tcp(Buffer.alloc(300_000))), { payloadLength: 0 });
    expect(read(bytes)).toMatchObject({ unparsed: 'parsed', payloadLength: 300_000 });
    const padded = Buffer.concat([bytes, Buffer.alloc(9)]);
    expect(read(padded)).toMatchObject({ payloadLength: 300_000 });
  });
});

describe('IPv6 extension headers', () => {
  it('are passed, of any kind', () => {
    const authentication = Buffer.concat([Buffer.from([60, 4, 0, 0]), Buffer.alloc(20)]);
    const bytes = Buffer.concat([authentication, extension(43, extension(ipProtocols.tcp, tcp(payload)))]);
    expect(read(overIpv6(0, extension(51, bytes)))).toMatchObject({ unparsed: 'parsed', payloadLength: 5 });
  });

  it('are at most 16', () => {
    let bytes = tcp(payload);
    let next: number = ipProtocols.tcp;
    for (let count = 0; count < 16; count++) [bytes, next] = [extension(next, bytes), 60];
    expect(read(overIpv6(next, bytes))).toMatchObject({ unparsed: 'parsed' });
    expect(read(overIpv6(60, extension(next, bytes)))).toMatchObject({ unparsed: 'extensions' });
  });
});

describe('ICMP', () => {
  it('has type and code', () => {
    expect(read(overIpv4(ipProtocols.icmp, icmp(8, 0, payload)))).toMatchObject({
      icmp: { type: 8, code: 0, quoted: undefined },
      payloadLength: 5,
    });
  });

  it('quotes the packet that an error is about', () => {
    const about = ipv4(ipProtocols.tcp, tcp(Buffer.alloc(0))).subarray(0, 28);
    expect(read(overIpv4(ipProtocols.icmp, icmp(3, 3, about))).icmp).toEqual({
      ...{ type: 3, code: 3 },
      quoted: '6 10.0.0.1 40000 10.0.0.2 80',
    });
    const about6 = ipv6(ipProtocols.udp, udp(payload));
    expect(read(overIpv6(ipProtocols.icmpv6, icmp(1, 4, about6))).icmp?.quoted).toBe('17 fd00::1 40000 fd00::2 53');
  });

  it('has nothing quoted where the quoted bytes are none of IP', () => {
    for (const about of [Buffer.alloc(0), Buffer.alloc(40), Buffer.alloc(8, 0x45), Buffer.alloc(60, 0x41)])
      expect(read(overIpv4(ipProtocols.icmp, icmp(3, 3, about)))).toMatchObject({ icmp: { quoted: undefined } });
  });
});

describe('VLAN tags', () => {
  it('are kept, outermost first, up to four', () => {
    const tags = [0x88a8, 0x8100, 0x9100, 0x8100].map((type, index) => [type, 100 + index] as const);
    const bytes = (all: typeof tags): Buffer =>
      ethernet(etherTypes.ipv4, ipv4(ipProtocols.tcp, tcp(payload)), { tags: all });
    expect(read(bytes(tags))).toMatchObject({ unparsed: 'parsed', link: { vlans: [100, 101, 102, 103] } });
    expect(read(bytes([...tags, [0x8100, 1]]))).toMatchObject({ unparsed: 'vlans' });
  });
});

describe('a netfilter log', () => {
  const packet = ipv4(ipProtocols.udp, udp(Buffer.from('x')));

  it.each([false, true])('tells the interface, whatever its byte order (big: %s)', (isBigEndian) => {
    expect(read(nflog(packet, { isBigEndian, interfaceIndex: 7 }), 239)).toMatchObject({
      ...{ unparsed: 'parsed', interfaceIndex: 7, source: addresses.client, payloadLength: 1 },
    });
  });

  it('without a packet of IP has nothing to look at', () => {
    const arp = Buffer.from([0, 1, 8, 0, 6, 4, 0, 1]);
    expect(read(nflog(arp), 239).unparsed).toBe('not_ip');
    expect(read(nflog(Buffer.alloc(0)), 239).unparsed).toBe('not_ip');
    expect(read(Buffer.from([2, 0, 0, 0]), 239).unparsed).toBe('not_ip');
    expect(read(Buffer.from([2, 1, 0, 0]), 239).unparsed).toBe('malformed');
    expect(read(Buffer.from([2, 0, 0, 0, 3, 0, 9, 0]), 239).unparsed).toBe('malformed');
  });
});

describe('PPPoE', () => {
  const packet = ipv4(ipProtocols.udp, udp(Buffer.from('x')));

  it.each([
    ['of another protocol', pppoe(0xc021, packet), 'not_ip'],
    ['of another version', Buffer.concat([Buffer.from([0x21]), pppoe(0x21, packet).subarray(1)]), 'not_ip'],
    ['that is no data', Buffer.concat([Buffer.from([0x11, 0xa7]), pppoe(0x21, packet).subarray(2)]), 'not_ip'],
    ['without room for a protocol', pppoe(0x21, packet, 1), 'malformed'],
    ['longer than its frame', pppoe(0x21, packet, packet.length + 3), 'malformed'],
  ])('%s has nothing to look at', (_, bytes, unparsed) => {
    expect(read(ethernet(etherTypes.pppoe, bytes)).unparsed).toBe(unparsed);
  });
});

describe.each(encapsulations)('$name', ({ bytes, tunnels, linkType, innerLink }) => {
  it('is opened', () => {
    const frame = read(bytes, linkType);
    expect(frame).toMatchObject({ unparsed: 'parsed', ...inner, payloadLength: 5, payloadCaptured: 5, tunnels });
    expect(frame.innerLink).toEqual(
      innerLink
        ? { source: '02:00:00:00:00:0a', destination: '02:00:00:00:00:0b', vlans: [] }
        : { source: '', destination: '', vlans: [] },
    );
    expect(bytes.subarray(frame.payloadAt, frame.payloadAt + 5).toString()).toBe('hello');
  });

  it('cut at any byte is read as far as it goes', () => {
    const { payloadAt } = read(bytes, linkType);
    const file = pcap(
      Array.from(bytes, (_, length) => ({ bytes: bytes.subarray(0, length), length: bytes.length })),
      { linkType },
    );
    readFrames(file).frames.forEach((frame, length) => {
      if (length < payloadAt) expect(frame).toMatchObject({ unparsed: 'truncated', payloadCaptured: 0 });
      else
        expect(frame).toMatchObject({
          unparsed: 'parsed',
          payloadCaptured: Math.min(5, length - payloadAt),
          payloadLength: 5,
        });
    });
  });

  it('with any bytes changed is read without harm', () => {
    const random = new Random(11);
    const spoilt = Array.from({ length: 2_000 }, () => {
      const copy = Buffer.from(bytes);
      for (let changes = random.below(6); changes >= 0; changes--) copy[random.below(copy.length)] = random.below(256);
      return { bytes: copy.subarray(0, 1 + random.below(copy.length)), length: bytes.length };
    });
    const { frames } = readFrames(pcap(spoilt, { linkType }));
    expect(frames.filter(({ isJoined }) => !isJoined)).toHaveLength(spoilt.length);
    for (const frame of frames) {
      expect(frame.payloadCaptured).toBeLessThanOrEqual(frame.payloadLength);
      if (frame.payloadCaptured > 0)
        expect(frame.payloadAt + frame.payloadCaptured).toBeLessThanOrEqual(frame.captured);
    }
  });
});

describe('what cannot be read is named', () => {
  const innerFrame = ethernet(etherTypes.ipv4, ipv4(ipProtocols.tcp, tcp(payload)));
  const nested = (depth: number): Buffer =>
    depth === 0 ? innerFrame : ethernet(etherTypes.ipv4, ipv4(ipProtocols.udp, vxlan(depth, nested(depth - 1))));

  it.each<[string, Buffer, string]>([
    ['ARP', ethernet(etherTypes.arp, Buffer.alloc(28)), 'not_ip'],
    ['a length of IEEE 802.3', ethernet(100, Buffer.alloc(100)), 'not_ip'],
    ['ESP', overIpv4(ipProtocols.esp, Buffer.alloc(40)), 'protocol'],
    ['no next header', overIpv6(59, Buffer.alloc(4)), 'protocol'],
    [
      'a header of IPv4 of 16 bytes',
      ethernet(etherTypes.ipv4, Buffer.from(`44${'00'.repeat(40)}`, 'hex')),
      'malformed',
    ],
    ['a total length below the header', overIpv4(ipProtocols.tcp, tcp(payload), { totalLength: 19 }), 'malformed'],
    ['a header of TCP of 16 bytes', overIpv4(ipProtocols.tcp, Buffer.alloc(20, 0x40)), 'malformed'],
    ['a header of TCP beyond its packet', overIpv4(ipProtocols.tcp, Buffer.alloc(20, 0xf0)), 'malformed'],
    ['a datagram of 7 bytes', overIpv4(ipProtocols.udp, udp(payload, { length: 7 })), 'malformed'],
    ['three tunnels', nested(3), 'tunnels'],
    ['PPTP', overIpv4(ipProtocols.gre, gre(0x880b, payload, { version: 1 })), 'tunnel'],
    ['an unknown protocol in GRE', overIpv4(ipProtocols.gre, gre(0x6559, payload)), 'tunnel'],
    ['labels without end', ethernet(etherTypes.mpls, Buffer.alloc(4000)), 'tunnel'],
    ['a later fragment', overIpv4(ipProtocols.tcp, tcp(payload), { offset: 8 }), 'fragment'],
    ['a frame of no bytes', Buffer.alloc(0), 'truncated'],
    ['an extension header beyond its packet', overIpv6(0, Buffer.from([6, 200, 0, 0, 0, 0, 0, 0])), 'malformed'],
  ])('%s', (_, bytes, reason) => {
    expect(read(bytes).unparsed).toBe(reason);
  });

  it('two tunnels are opened, and no tunnel is seen in what only has its port', () => {
    expect(read(nested(2))).toMatchObject({ unparsed: 'parsed', protocol: 6, tunnels: [{ id: 2 }, { id: 1 }] });
    const bytes = overIpv4(ipProtocols.udp, udp(Buffer.from('no tunnel'), { destinationPort: 4789 }));
    expect(read(bytes)).toMatchObject({ unparsed: 'parsed', protocol: 17, tunnels: [], payloadLength: 9 });
  });

  it('labels in GRE are two tunnels, in IP one', () => {
    const packet = mpls([1, 2], ipv4(ipProtocols.tcp, tcp(payload)));
    expect(read(overIpv4(ipProtocols.gre, gre(etherTypes.mpls, packet, { key: 9 })))).toMatchObject({
      unparsed: 'parsed',
      tunnels: [
        { type: 'gre', id: 9, source: addresses.client },
        { type: 'mpls', id: 2, source: '' },
      ],
    });
  });
});

describe('fragments', () => {
  const message = Buffer.from(Array.from({ length: 3_000 }, (_, index) => index & 0xff));
  const whole = udp(message);
  const cut = (size: number): readonly { part: Buffer; offset: number; more: boolean }[] =>
    Array.from({ length: Math.ceil(whole.length / size) }, (_, index) => {
      const part = whole.subarray(index * size, (index + 1) * size);
      return { part, offset: index * size, more: (index + 1) * size < whole.length };
    });
  const four = (size: number, id = 5): Buffer[] =>
    cut(size).map(({ part, offset, more }) => overIpv4(ipProtocols.udp, part, { id, offset, more }));
  const six = (size: number): Buffer[] =>
    cut(size).map(({ part, offset, more }) =>
      overIpv6(60, extension(44, fragment6(ipProtocols.udp, part, { id: 5, offset, more }))),
    );
  const atOnce = (frames: readonly Buffer[]): Buffer => pcap(frames.map((bytes) => ({ bytes, timeNs: 0n })));
  const readAll = (frames: readonly Buffer[]): readonly Frame[] => readFrames(atOnce(frames)).frames;
  const joined = {
    isJoined: true,
    unparsed: 'parsed',
    payloadLength: 3_000,
    payloadCaptured: 3_000,
    sourcePort: 40000,
  };

  it.each<[string, Buffer[]]>([
    ['IPv4', four(1480)],
    ['IPv6', six(1480)],
    ['IPv4, tiny ones', four(8)],
    ['IPv4 in a tunnel', four(1200).map((bytes) => overIpv4(ipProtocols.udp, vxlan(3, bytes)))],
    [
      'IPv4 around a tunnel',
      ((): Buffer[] => {
        const tunnel = vxlan(3, overIpv4(ipProtocols.udp, whole));
        return [0, 800, 1600, 2400].map((offset) =>
          overIpv4(ipProtocols.udp, tunnel.subarray(offset, offset + 800), { offset, more: offset < 2400 }),
        );
      })(),
    ],
  ])('of %s are joined, in any order', (_, fragments) => {
    const random = new Random(3);
    for (let run = 0; run < 20; run++) {
      const order = run === 0 ? fragments : random.shuffled(fragments);
      const frames = readAll(order);
      expect(frames.filter(({ isJoined }) => isJoined)).toMatchObject([joined]);
      expect(frames.at(-1)).toMatchObject({ isJoined: true });
    }
  });

  it('have their ports in the first one, and an id in all', () => {
    expect(readAll(four(1480))).toMatchObject([
      { unparsed: 'parsed', destinationPort: 53, fragment: { id: 5, offset: 0, isLast: false }, payloadLength: 3_000 },
      { unparsed: 'fragment', fragment: { id: 5, offset: 1480, isLast: false, length: 1480 } },
      { unparsed: 'fragment', fragment: { id: 5, offset: 2960, isLast: true, length: 48 } },
      joined,
    ]);
  });

  it('that fill one packet alone are no fragments', () => {
    expect(read(overIpv6(44, fragment6(ipProtocols.udp, udp(payload))))).toMatchObject({
      unparsed: 'parsed',
      fragment: undefined,
    });
  });

  it('that say other bytes of the same place do not change the first ones', () => {
    const [first, second, third] = four(1480);
    const other = Buffer.from(second!);
    other.fill(0xee, 34);
    const { frames } = readFrames(pcap([first!, second!, other, third!].map((bytes) => ({ bytes }))));
    expect(frames.at(-1)).toMatchObject(joined);
  });

  it('of other packets, or that never complete, join nothing and take bounded room', () => {
    const [first] = four(1480);
    const rest = four(1480, 6).slice(1);
    expect(readAll([first!, ...rest]).some(({ isJoined }) => isJoined)).toBe(false);
    const before = process.memoryUsage().rss;
    const flood = Array.from({ length: 65_536 }, (_, id) =>
      overIpv4(ipProtocols.udp, Buffer.alloc(8), { id, offset: 65_000, more: true }),
    );
    expect(loadNative().createFrameReader().read(atOnce(flood)).error).toBeUndefined();
    // Each takes 65 KiB: together 4 GiB.
    expect(process.memoryUsage().rss - before).toBeLessThan(1024 ** 3);
  });

  it('that did not complete within 30 seconds are given up', () => {
    const records = four(1480).map((bytes, index) => ({ bytes, timeNs: BigInt(index) * 16_000_000_000n }));
    expect(readFrames(pcap(records)).frames.some(({ isJoined }) => isJoined)).toBe(false);
  });

  it('of which a part was not captured are not joined', () => {
    const fragments = four(1480);
    const records = fragments.map((bytes) => ({ bytes: bytes.subarray(0, 200), length: bytes.length }));
    const { frames } = readFrames(pcap(records));
    expect(frames).toMatchObject([
      { unparsed: 'parsed', payloadLength: 3_000, payloadCaptured: 158 },
      { unparsed: 'fragment' },
      { unparsed: 'fragment' },
    ]);
  });
});
