import { describe, expect, it } from 'vitest';
import { Random } from '../../core/testing/random.ts';
import { pcap, PcapngBlocks, type PcapOptions } from './testing/capture-builder.ts';
import { readFrames } from './testing/frames.ts';
import { cooked, cooked2, etherTypes, ethernet, ipProtocols, ipv4, ipv6, udp } from './testing/packets.ts';

const datagram = (text: string): Buffer => ipv4(ipProtocols.udp, udp(Buffer.from(text)));
const frame = (text: string): Buffer => ethernet(etherTypes.ipv4, datagram(text));
const at = (seconds: number, nanoseconds = 0): bigint => BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);

describe('a pcap file', () => {
  const records = [
    { bytes: frame('one'), timeNs: at(1_700_000_000, 123_456_789) },
    { bytes: frame('three').subarray(0, 44), timeNs: at(1_700_000_001), length: 1500 },
  ];
  const options: readonly [string, PcapOptions][] = [
    ['of microseconds', {}],
    ['of nanoseconds', { isNanoseconds: true }],
    ['of the other byte order', { isBig: true }],
    ['of nanoseconds in the other byte order', { isBig: true, isNanoseconds: true }],
    ["in Kuznetzov's format", { isModified: true }],
  ];

  it.each(options)('%s gives every frame with its time and its length on the wire', (_, variant) => {
    const { frames, error } = readFrames(pcap(records, variant));
    expect(error).toBeUndefined();
    const rounded = variant.isNanoseconds === true ? 123_456_789 : 123_456_000;
    expect(frames.map(({ timeNs }) => timeNs)).toEqual([at(1_700_000_000, rounded), at(1_700_000_001)]);
    expect(frames.map(({ captured }) => captured)).toEqual([45, 44]);
    expect(frames.map(({ wireLength }) => wireLength)).toEqual([45, 1500]);
    expect(frames.map(({ payloadCaptured, payloadLength }) => [payloadCaptured, payloadLength])).toEqual([
      [3, 3],
      [2, 5],
    ]);
  });

  it('has times after 2038 and up to 2106', () => {
    const times = [at(2_147_483_648), at(4_294_967_295, 999_999_000)];
    const { frames } = readFrames(pcap(times.map((timeNs) => ({ bytes: frame('x'), timeNs }))));
    expect(frames.map(({ timeNs }) => timeNs)).toEqual(times);
  });

  it.each<[string, number, Buffer]>([
    ['Ethernet', 1, frame('x')],
    ['cooked', 113, cooked(etherTypes.ipv4, datagram('x'))],
    ['cooked, version 2', 276, cooked2(etherTypes.ipv4, datagram('x'))],
    ['raw IP', 101, datagram('x')],
    ['raw IPv4', 228, datagram('x')],
    ['raw IPv6', 229, ipv6(ipProtocols.udp, udp(Buffer.from('x')))],
    ['loopback of this byte order', 0, Buffer.concat([Buffer.from([2, 0, 0, 0]), datagram('x')])],
    ['loopback of the other byte order', 0, Buffer.concat([Buffer.from([0, 0, 0, 2]), datagram('x')])],
    [
      'loopback with IPv6',
      108,
      Buffer.concat([Buffer.from([0, 0, 0, 30]), ipv6(ipProtocols.udp, udp(Buffer.from('x')))]),
    ],
  ])('of link type %s is read up to the payload', (_, linkType, bytes) => {
    const { frames } = readFrames(pcap([{ bytes }], { linkType }));
    expect(frames).toMatchObject([{ unparsed: 'parsed', sourcePort: 40000, payloadLength: 1 }]);
  });

  it('tells direction and interface of a cooked header', () => {
    const bytes = cooked2(etherTypes.ipv4, datagram('x'), { packetType: 4, interfaceIndex: 7 });
    expect(readFrames(pcap([{ bytes }], { linkType: 276 })).frames).toMatchObject([
      { packetType: 4, interfaceIndex: 7, link: { source: '02:00:00:00:00:01', destination: '' } },
    ]);
    const outgoing = cooked(etherTypes.ipv4, datagram('x'), 4);
    expect(readFrames(pcap([{ bytes: outgoing }], { linkType: 113 })).frames).toMatchObject([{ packetType: 4 }]);
  });

  it('of another link type is read, and its frames are not parsed', () => {
    const { frames, error } = readFrames(pcap([{ bytes: frame('x') }], { linkType: 147 }));
    expect({ frames, error }).toMatchObject({ frames: [{ unparsed: 'link_type' }], error: undefined });
  });
});

describe('a pcapng file', () => {
  const little = new PcapngBlocks();
  const big = new PcapngBlocks(true);

  it('may have sections of both byte orders, each with its interfaces', () => {
    const file = Buffer.concat([
      ...[little.section(), little.interface(1), little.interface(101)],
      ...[little.enhanced(frame('a')), little.enhanced(datagram('b'), { number: 1 })],
      ...[big.section(), big.interface(113), big.enhanced(cooked(etherTypes.ipv4, datagram('c')))],
    ]);
    const { frames, error } = readFrames(file);
    expect(error).toBeUndefined();
    expect(frames.map(({ unparsed, interface: number }) => [unparsed, number])).toEqual([
      ['parsed', 0],
      ['parsed', 1],
      ['parsed', 0],
    ]);
  });

  it.each<[string, { resolution?: number; offsetS?: bigint }, bigint, bigint]>([
    ['microseconds unless it says otherwise', {}, 1_700_000_000_123_456n, at(1_700_000_000, 123_456_000)],
    ['nanoseconds', { resolution: 9 }, 1_700_000_000_123_456_789n, at(1_700_000_000, 123_456_789)],
    ['seconds', { resolution: 0 }, 1_700_000_000n, at(1_700_000_000)],
    ['picoseconds', { resolution: 12 }, 1_700_000_000_123_456_789n, 1_700_000_000_123_456n],
    ['powers of two', { resolution: 0x80 | 10 }, 1_700_000_000n * 1024n + 512n, at(1_700_000_000, 500_000_000)],
    ['an offset', { offsetS: 1_700_000_000n }, 5n, at(1_700_000_000, 5_000)],
    ['a negative offset', { offsetS: -5n }, 6_000_000n, at(1)],
    ['more digits than there are', { resolution: 127 }, 1n << 63n, 0n],
    ['the smallest power of two', { resolution: 255 }, 1n << 63n, 0n],
    ['more than fits', { resolution: 0 }, (1n << 64n) - 1n, (1n << 63n) - 1n],
  ])('counts time in %s', (_, options, ticks, expected) => {
    for (const blocks of [little, big]) {
      const file = [blocks.section(), blocks.interface(1, options), blocks.enhanced(frame('x'), { ticks })];
      expect(readFrames(Buffer.concat(file)).frames.map(({ timeNs }) => timeNs)).toEqual([expected]);
    }
  });

  it('may have packets of all three kinds, with blocks between them that are passed over', () => {
    for (const blocks of [little, big]) {
      const file = Buffer.concat([
        ...[blocks.section(), blocks.block(0x0badcafe, Buffer.alloc(100_000, 1)), blocks.interface(1)],
        ...[blocks.enhanced(frame('a'), { comment: 'of note' }), blocks.block(4, Buffer.alloc(8))],
        ...[blocks.simple(frame('bcd')), blocks.block(5, Buffer.alloc(12)), blocks.block(10, Buffer.alloc(16))],
        ...[blocks.obsolete(frame('ef')), blocks.enhanced(frame('cut').subarray(0, 43), { length: 45 })],
      ]);
      const { frames, error } = readFrames(file);
      expect(error).toBeUndefined();
      expect(frames.map(({ payloadCaptured, payloadLength }) => [payloadCaptured, payloadLength])).toEqual([
        [1, 1],
        [3, 3],
        [2, 2],
        [1, 3],
      ]);
    }
  });

  it('tells by the snapshot length how much of a simple packet was captured', () => {
    const blocks = [
      little.section(),
      little.interface(1, { snapLength: 44 }),
      little.simple(frame('abcdef').subarray(0, 44), 48),
    ];
    expect(readFrames(Buffer.concat(blocks)).frames).toMatchObject([{ captured: 44, wireLength: 48 }]);
  });
});

const whole = {
  pcap: pcap([{ bytes: frame('one') }, { bytes: frame('two') }, { bytes: frame('three') }]),
  pcapng: ((): Buffer => {
    const blocks = new PcapngBlocks();
    const packets = ['one', 'two', 'three'].map((text) => blocks.enhanced(frame(text), { comment: 'note' }));
    return Buffer.concat([
      blocks.section(),
      blocks.interface(1, { resolution: 9 }),
      ...packets,
      blocks.simple(frame('x')),
    ]);
  })(),
};

describe.each(Object.entries(whole))('a file of %s', (_, file) => {
  it('gives the same frames in chunks of any size', () => {
    const expected = readFrames(file);
    for (let size = 1; size < file.length; size++) expect(readFrames(file, size)).toEqual(expected);
  });

  it('cut at any byte gives the frames before the cut, and says where it ends', () => {
    const { frames } = readFrames(file);
    const counts = new Set<number>();
    for (let length = 0; length < file.length; length++) {
      const cut = readFrames(file.subarray(0, length));
      expect(cut.frames).toEqual(frames.slice(0, cut.frames.length));
      counts.add(cut.frames.length);
      if (cut.error !== undefined)
        expect(cut.error).toMatch(/^The capture file (is empty|ends within (a record|its header)) at byte \d+\.$/);
    }
    expect(counts.size).toBeGreaterThanOrEqual(frames.length);
  });

  it('with any bytes changed ends, and never has more frames than fit', () => {
    const random = new Random(7);
    for (let run = 0; run < 5_000; run++) {
      const spoilt = Buffer.from(file);
      for (let changes = random.below(8); changes >= 0; changes--)
        spoilt[random.below(spoilt.length)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
      const { frames, error } = readFrames(spoilt, 1 + random.below(200));
      expect(frames.length).toBeLessThan(file.length / 12);
      expect(error ?? 'at byte 0.').toMatch(/at byte \d+\.$/);
    }
  });
});

describe('a broken file', () => {
  const little = new PcapngBlocks();
  const start = Buffer.concat([little.section(), little.interface(1), little.enhanced(frame('good'))]);
  const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const spoil = (block: Buffer, offset: number, value: number): Buffer => {
    const spoilt = Buffer.from(block);
    spoilt.writeUInt32LE(value, offset);
    return spoilt;
  };

  it.each<[string, Buffer, string]>([
    ['a block of 5 bytes', Buffer.concat([u32(6), u32(5)]), 'has a block of the impossible length 5'],
    ['a block of 4 GiB', Buffer.concat([u32(0xbad), u32(0xfffffffc)]), 'ends within a record'],
    ['an interface of 4 GiB', Buffer.concat([u32(1), u32(0xfffffffc)]), 'ends within a record'],
    ['a packet of 4 GiB', spoil(little.enhanced(frame('x')), 20, 0xffffffff), 'has a frame of 4294967295 bytes'],
    [
      'a packet longer than its block',
      spoil(little.enhanced(frame('x')), 20, 1000),
      'has a packet that is longer than its block',
    ],
    [
      'another length behind',
      spoil(little.enhanced(Buffer.alloc(4)), 32, 40),
      'has a block that ends with another length',
    ],
    ['a packet of an unknown interface', little.enhanced(frame('x'), { number: 1 }), 'has a packet of an interface'],
    ['a section of a later version', spoil(little.section(), 12, 2), 'has a section of an unknown version'],
    ['a section of no byte order', spoil(little.section(), 8, 1), 'has a section of no known byte order'],
  ])('with %s is read up to there', (_, bytes, message) => {
    const { frames, error } = readFrames(Buffer.concat([start, bytes]));
    expect(frames.length).toBeGreaterThanOrEqual(1);
    expect(error).toContain(message);
    expect(Number(/at byte (\d+)\.$/.exec(error!)?.[1])).toBeGreaterThanOrEqual(start.length);
  });

  it('of pcap with an impossible frame is read up to there', () => {
    const good = pcap([{ bytes: frame('good') }]);
    const { frames, error } = readFrames(Buffer.concat([good, u32(0), u32(0), u32(0xfffffff0), u32(0xfffffff0)]));
    expect(frames).toHaveLength(1);
    expect(error).toBe(`The capture file has a frame of 4294967280 bytes at byte ${good.length}.`);
  });

  it('that is no capture is refused', () => {
    expect(readFrames(Buffer.from('GET / HTTP/1.1\r\n\r\n')).error).toBe(
      'The capture file is neither pcap nor pcapng at byte 0.',
    );
  });
});
