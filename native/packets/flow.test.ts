import { describe, expect, it } from 'vitest';
import { Random } from '../../core/testing/random.ts';
import { type CapturedRecord, pcap } from './testing/capture-builder.ts';
import { clientStart, handshake, packet } from './testing/connection.ts';
import { brief, flowsOf, only, readFlows, type Segment } from './testing/flows.ts';
import { addresses, etherTypes, ethernet, flags, ipProtocols, ipv4, udp, vxlan } from './testing/packets.ts';

const { fin, syn, reset, push, ack } = flags;

describe('a connection', () => {
  const exchange = [
    ...handshake,
    packet(20, 'C', ack | push, 'request'),
    packet(22, 'S', ack, '', { acks: 7 }),
    packet(50, 'S', ack | push, 'response', { acks: 7 }),
    packet(51, 'C', ack, '', { at: 7, acks: 8 }),
    packet(151, 'C', ack | push, 'again', { at: 7, acks: 8 }),
    packet(181, 'S', ack | push, 'and', { at: 8, acks: 12 }),
    packet(182, 'C', ack | fin, '', { at: 12, acks: 11 }),
    packet(183, 'S', ack | fin, '', { at: 11, acks: 13 }),
    packet(184, 'C', ack, '', { at: 13, acks: 12 }),
  ];

  it('gives a segment for each message', () => {
    const flows = flowsOf(exchange);
    expect(brief(flows)).toEqual(['C request 7', 'S response 8', 'C again 5', 'S and 3']);
    expect(flows.segments[1]).toMatchObject({
      ...{ flowId: 1, transport: 'tcp', source: '10.0.0.2:80', destination: '10.0.0.1:40000', tcpSequence: 5001 },
      ...{ isRoleKnown: true, timeNs: exchange[5]!.timeNs, lastTimeNs: exchange[5]!.timeNs },
      observation: { link: { source: '02:00:00:00:00:01', destination: '02:00:00:00:00:02' }, tunnels: [] },
    });
  });

  it('has its times and counters', () => {
    const ms = 1_000_000;
    const interval = only(flowsOf(exchange));
    expect(interval).toMatchObject({
      ...{ clientEnd: '10.0.0.1:40000', serverEnd: '10.0.0.2:80', isRoleKnown: true, closeType: 'finished' },
      ...{ serverHandshakeNs: 10 * ms, clientHandshakeNs: 5 * ms, isOpened: true, isOpen: false },
      response: { count: 2, sumNs: 60 * ms, maxNs: 30 * ms },
      clientIdle: { count: 1, sumNs: 101 * ms, maxNs: 101 * ms },
      client: { packets: 7, payloadBytes: 12, bytes: 7 * 54 + 12, retransmissions: 0, acknowledgment: { count: 2 } },
      server: { packets: 5, payloadBytes: 11, acknowledgment: { count: 2, sumNs: 32 * ms, maxNs: 30 * ms } },
    });
  });

  it('gives the same in chunks of any size', () => {
    const file = pcap(exchange, { isNanoseconds: true });
    const whole = readFlows(file);
    for (const size of [1, 7, 100, 1000]) {
      const { segments, intervals, counts } = readFlows(file, {}, size);
      const ids = (flows: readonly Segment[]) => flows.map(({ id, payload, timeNs }) => [id, payload, timeNs]);
      expect(ids(segments)).toEqual(ids(whole.segments));
      expect(intervals.map(({ endNs, client, server }) => [endNs, client, server])).toEqual(
        whole.intervals.map(({ endNs, client, server }) => [endNs, client, server]),
      );
      expect(counts).toEqual(whole.counts);
    }
  });

  it('reports each interval, and whether it is still open', () => {
    const { intervals } = flowsOf([
      ...handshake,
      packet(9_000, 'C', ack | push, 'request'),
      packet(12_000, 'S', ack | push, 'response', { acks: 7 }),
      packet(40_000, 'C', ack | push, 'again', { at: 7, acks: 8 }),
    ]);
    expect(
      intervals.map(({ isOpened, isOpen, client, server }) => [isOpened, isOpen, client.packets, server.packets]),
    ).toEqual([
      [true, true, 3, 1],
      [false, true, 0, 1],
      [false, true, 1, 0],
    ]);
  });
});

describe('a message', () => {
  it('is one segment up to the packet that pushes', () => {
    const flows = flowsOf([
      ...handshake,
      packet(20, 'C', ack, 'one'),
      packet(21, 'C', ack, 'two', { at: 3 }),
      packet(22, 'C', ack | push, 'three', { at: 6 }),
      packet(23, 'C', ack | push, 'next', { at: 11 }),
    ]);
    expect(brief(flows)).toEqual(['C onetwothree 11', 'C+ next 4']);
  });

  it('sends no more payload than its budget, and a little of each further segment', () => {
    const flows = flowsOf([
      ...handshake,
      packet(20, 'C', ack, 'a'.repeat(400)),
      packet(21, 'C', ack | push, 'b'.repeat(400), { at: 400 }),
      packet(22, 'C', ack | push, 'c'.repeat(400), { at: 800 }),
      packet(23, 'S', ack | push, 'd'.repeat(600), { acks: 1200 }),
    ]);
    expect(flows.segments.map(({ payload, length }) => [payload.length, length])).toEqual([
      [512, 800],
      [32, 400],
      [512, 600],
    ]);
  });

  it('sends only what was captured from its beginning on', () => {
    const [first, second] = [packet(20, 'C', ack, 'first part'), packet(21, 'C', ack | push, 'second', { at: 10 })];
    const cut = { ...first, bytes: first.bytes.subarray(0, 54 + 5), length: first.bytes.length };
    expect(brief(flowsOf([...handshake, cut, second]))).toEqual(['C first 16']);
  });

  it('without a push is sent after a while, or when the other side answers', () => {
    expect(
      brief(
        flowsOf([
          ...handshake,
          packet(20, 'C', ack, 'one'),
          packet(130, 'C', ack, 'two', { at: 3 }),
          packet(131, 'S', ack, 'answer', { acks: 6 }),
        ]),
      ),
    ).toEqual(['C one 3', 'C+ two 3', 'S answer 6']);
  });
});

describe('bytes out of order', () => {
  it('are put in order, and counted', () => {
    const flows = flowsOf([
      ...handshake,
      packet(20, 'C', ack | push, 'three', { at: 6 }),
      packet(21, 'C', ack, 'two', { at: 3 }),
      packet(22, 'C', ack, 'one'),
    ]);
    expect(brief(flows)).toEqual(['C onetwothree 11']);
    expect(only(flows).client).toMatchObject({ outOfOrder: 2, retransmissions: 0, missedBytes: 0 });
  });

  it('are put in order across the end of numbers', () => {
    const at = 2 ** 32 - clientStart - 1 - 3;
    const flows = flowsOf([
      packet(0, 'S', ack, '', { acks: at - 2 ** 32 }),
      packet(20, 'C', ack | push, 'three', { at: at + 6 }),
      packet(21, 'C', ack, 'two', { at: at + 3 }),
      packet(21.5, 'C', ack, 'one', { at }),
    ]);
    expect(brief(flows)).toEqual(['C onetwothree 11']);
  });

  it('in any order, repeated and cut anywhere give the same bytes', () => {
    const random = new Random(5);
    const text = Array.from({ length: 400 }, (_, index) => String.fromCharCode(33 + (index % 90))).join('');
    for (let run = 0; run < 200; run++) {
      const pieces = [packet(20, 'C', ack, text.slice(0, 1))];
      const cuts: [number, number][] = [];
      for (let at = 1; at < text.length;) {
        const length = 1 + random.below(60);
        cuts.push([at, length]);
        if (random.oneIn(3)) cuts.push([Math.max(1, at - random.below(30)), length]);
        at += length;
      }
      for (const [at, length] of random.shuffled(cuts))
        pieces.push(packet(21, 'C', ack, text.slice(at, at + length), { at }));
      const { segments, counts } = flowsOf([...handshake, ...pieces]);
      expect(segments.map(({ payload }) => payload).join('')).toBe(text);
      expect(counts).toMatchObject({ missedBytes: 0, heldBytes: 0 });
    }
  });
});

describe('bytes sent again', () => {
  it('count once, the first copy of them; other bytes are a conflict', () => {
    const flows = flowsOf([
      ...handshake,
      packet(20, 'C', ack | push, 'secret'),
      packet(300, 'C', ack | push, 'SECRET and more'),
      packet(301, 'C', ack | push, 'secret and more'),
    ]);
    expect(brief(flows)).toEqual(['C secret 6', 'C+  and more 9']);
    expect(only(flows).client).toMatchObject({ retransmissions: 2, conflicts: 1, outOfOrder: 0 });
  });

  it('are a conflict where they differ from what waits', () => {
    const flows = flowsOf([
      ...handshake,
      packet(20, 'C', ack | push, 'held', { at: 4 }),
      packet(21, 'C', ack | push, 'HELDmore', { at: 4 }),
      packet(22, 'C', ack, 'this', { at: 0 }),
    ]);
    expect(brief(flows)).toEqual(['C thisheld 8', 'C+ more 4']);
    expect(only(flows).client).toMatchObject({ conflicts: 1 });
  });

  it('that were acknowledged are no conflict, whatever they say: the receiver has the first ones', () => {
    const { client: side } = only(
      flowsOf([
        ...handshake,
        packet(20, 'C', ack | push, 'request'),
        packet(21, 'S', ack, '', { acks: 7 }),
        packet(300, 'C', ack | push, 'REQUEST'),
      ]),
    );
    expect(side).toMatchObject({ conflicts: 0, retransmissions: 1 });
  });

  it('are spurious when they had been acknowledged', () => {
    const { client: side } = only(
      flowsOf([
        ...handshake,
        packet(20, 'C', ack | push, 'request'),
        packet(21, 'S', ack, '', { acks: 7 }),
        packet(300, 'C', ack | push, 'request'),
      ]),
    );
    expect(side).toMatchObject({ retransmissions: 1, spuriousRetransmissions: 1 });
  });

  it('are none in a keep-alive', () => {
    const { client: side, server: other } = only(
      flowsOf([
        ...handshake,
        packet(20, 'C', ack | push, 'request'),
        packet(21, 'S', ack, '', { acks: 7 }),
        packet(5_000, 'C', ack, 't', { at: 6 }),
        packet(5_001, 'S', ack, '', { acks: 7 }),
      ]),
    );
    expect([side.retransmissions, other.duplicateAcks]).toEqual([0, 0]);
  });

  it('are SYNs, counted apart', () => {
    const interval = only(
      flowsOf([
        packet(0, 'C', syn),
        packet(1_000, 'C', syn),
        packet(1_010, 'S', syn | ack),
        packet(2_010, 'S', syn | ack),
        packet(2_015, 'C', ack),
      ]),
    );
    expect(interval).toMatchObject({
      ...{ serverHandshakeNs: 10_000_000, clientHandshakeNs: 5_000_000 },
      client: { synRetransmissions: 1, retransmissions: 0 },
      server: { synRetransmissions: 1, retransmissions: 0 },
    });
  });
});

describe('bytes that are missing', () => {
  it('and were acknowledged, we lost: what follows is sent at once', () => {
    const flows = flowsOf([
      ...handshake,
      packet(20, 'C', ack, 'head'),
      packet(21, 'C', ack | push, 'tail', { at: 10 }),
      packet(22, 'S', ack, '', { acks: 14 }),
      packet(23, 'S', ack | push, 'answer', { acks: 14 }),
    ]);
    expect(brief(flows)).toEqual(['C head 4', 'C+ tail 4 acknowledged 6', 'S answer 6']);
    expect(flows.segments[2]!.timeNs - flows.segments[1]!.timeNs).toBe(2_000_000n);
    expect(flows.counts).toMatchObject({ gaps: { acknowledged: 1 }, missedBytes: 6 });
    expect(only(flows).client.missedBytes).toBe(6);
  });

  it('at the beginning of a message leave no segment that seems to begin one', () => {
    const flows = flowsOf([
      ...handshake,
      packet(20, 'S', ack, '', { acks: 100 }),
      packet(21, 'C', ack | push, 'tail', { at: 100 }),
    ]);
    expect(brief(flows)).toEqual(['C+ tail 4 acknowledged 100']);
  });

  it('are waited for 200 ms', () => {
    const packets = [...handshake, packet(20, 'C', ack | push, 'tail', { at: 10 })];
    expect(brief(flowsOf([...packets, packet(219, 'S', ack), packet(219.5, 'C', ack, '0123456789')]))).toEqual([
      'C 0123456789tail 14',
    ]);
    expect(brief(flowsOf([...packets, packet(220, 'S', ack), packet(221, 'C', ack, '0123456789')]))).toEqual([
      'C+ tail 4 timeout 10',
    ]);
  });

  it('are not waited for behind 256 packets', () => {
    const packets = Array.from({ length: 270 }, (_, index) =>
      packet(20, 'C', ack, 'x'.repeat(1000), { at: 10 + index * 1000 }),
    );
    const { counts, segments } = flowsOf([...handshake, ...packets]);
    expect(counts).toMatchObject({ gaps: { distance: 1 }, missedBytes: 10 });
    expect(segments.reduce((sum, { length }) => sum + length, 0)).toBe(270_000);
  });

  it('are waited for behind a window of large packets', () => {
    const large = Array.from({ length: 50 }, (_, index) =>
      packet(20, 'C', ack, 'x'.repeat(60_000), { at: 10 + index * 60_000 }),
    );
    const { counts, segments } = flowsOf([...handshake, ...large, packet(21, 'C', ack, '0123456789')]);
    expect(counts).toMatchObject({ gaps: {}, missedBytes: 0 });
    expect(segments.reduce((sum, { length }) => sum + length, 0)).toBe(3_000_010);
  });

  it('are not waited for where there is no more room', () => {
    const packets = Array.from({ length: 30 }, (_, index) =>
      packet(20, 'C', ack, 'x'.repeat(100), { at: 10 + index * 200 }),
    );
    const { counts } = flowsOf([...handshake, ...packets], { maxHeldBytes: 2000 });
    expect(counts.gaps['room']).toBeGreaterThan(10);
    expect(counts.heldBytes).toBe(0);
  });

  it('do not come after the end', () => {
    const packets = [...handshake, packet(20, 'C', ack | push, 'tail', { at: 10 })];
    expect(brief(flowsOf(packets))).toEqual(['C+ tail 4 closed 10']);
    expect(brief(flowsOf([...packets, packet(21, 'C', reset, '', { at: 14 })]))).toEqual(['C+ tail 4 closed 10']);
  });

  it('beyond any window are none of the connection', () => {
    const packets = [
      ...handshake,
      packet(20, 'C', ack | push, 'far', { at: 2 ** 30 + 2 }),
      packet(21, 'C', ack | push, 'near'),
    ];
    expect(brief(flowsOf([...packets, packet(22, 'S', ack, '', { acks: 2 ** 30 + 100 })]))).toEqual(['C near 4']);
  });
});

describe('counters', () => {
  it('are of duplicate acknowledgments, zero windows and resets', () => {
    const interval = only(
      flowsOf([
        ...handshake,
        packet(20, 'S', ack, '', { window: 900 }),
        packet(20, 'S', ack),
        packet(21, 'S', ack),
        packet(22, 'S', ack),
        packet(23, 'S', ack, '', { window: 0 }),
        packet(24, 'S', ack, '', { window: 500 }),
        packet(25, 'S', reset | ack),
        packet(26, 'S', reset | ack),
      ]),
    );
    expect(interval.server).toMatchObject({ duplicateAcks: 2, zeroWindows: 1, resets: 2 });
  });
});

describe('flows', () => {
  it('are of UDP, a segment a datagram', () => {
    const datagram = (atMs: number, text: string, isAnswer = false): CapturedRecord => {
      const ports = isAnswer ? { sourcePort: 53, destinationPort: 40000 } : {};
      const ends = isAnswer ? { source: addresses.server, destination: addresses.client } : {};
      return {
        bytes: ethernet(etherTypes.ipv4, ipv4(ipProtocols.udp, udp(Buffer.from(text), ports), ends)),
        timeNs: BigInt(atMs) * 1_000_000n,
      };
    };
    const flows = flowsOf([datagram(1, 'who?'), datagram(1, 'and who?'), datagram(4, 'me', true)]);
    expect(brief(flows)).toEqual(['C who? 4', 'C and who? 8', 'S me 2']);
    expect(only(flows)).toMatchObject({
      transport: 'udp',
      response: { count: 1, sumNs: 3_000_000 },
      closeType: 'open',
    });
  });

  it('in different tunnels are different, though their ends are the same', () => {
    const inTunnel = (vni: number, bytes: Buffer): CapturedRecord => ({
      bytes: ethernet(etherTypes.ipv4, ipv4(ipProtocols.udp, vxlan(vni, bytes))),
    });
    const { bytes } = packet(0, 'C', ack | push, 'x');
    const { segments, counts } = flowsOf([inTunnel(1, bytes), inTunnel(2, bytes), { bytes }]);
    expect(counts.flows).toBe(3);
    expect(segments.map(({ observation }) => observation.tunnels.map(({ id }) => id))).toEqual([[1], [2], []]);
  });
});
