import { describe, expect, it } from 'vitest';
import { type CapturedRecord } from './testing/capture-builder.ts';
import { clientStart, handshake, packet } from './testing/connection.ts';
import { brief, flowsOf, only } from './testing/flows.ts';
import { flags } from './testing/packets.ts';

const { fin, syn, reset, push, ack } = flags;

describe('a handshake', () => {
  it('may carry data', () => {
    const flows = flowsOf([
      packet(0, 'C', syn, 'early'),
      packet(10, 'S', syn | ack, '', { acks: 5 }),
      packet(11, 'C', ack | push, ' and late', { at: 5 }),
    ]);
    expect(flows.segments.map(({ payload }) => payload).join('')).toBe('early and late');
    expect(flows.segments[0]!.tcpSequence).toBe(clientStart + 1);
    expect(only(flows)).toMatchObject({ isOpened: true, client: { missedBytes: 0, retransmissions: 0 } });
  });

  it('may be of both sides at once', () => {
    const interval = only(
      flowsOf([
        packet(0, 'C', syn),
        packet(1, 'S', syn),
        packet(2, 'C', syn | ack),
        packet(3, 'S', syn | ack),
        packet(4, 'C', ack | push, 'x'),
      ]),
    );
    expect(interval).toMatchObject({ clientEnd: '10.0.0.1:40000', isOpened: true, client: { synRetransmissions: 0 } });
  });

  it('may be split by the server', () => {
    const flows = flowsOf([
      packet(0, 'C', syn),
      packet(1, 'S', ack, '', { at: -1 }),
      packet(2, 'S', syn),
      packet(3, 'C', syn | ack),
      packet(4, 'S', ack),
      packet(5, 'C', ack | push, 'request'),
      packet(6, 'S', ack | push, 'response', { acks: 7 }),
    ]);
    expect(brief(flows)).toEqual(['C request 7', 'S response 8']);
    expect(only(flows)).toMatchObject({ clientEnd: '10.0.0.1:40000', isOpened: true });
  });

  it('that comes late changes no numbers', () => {
    const flows = flowsOf([
      packet(0, 'C', syn),
      packet(5, 'C', ack),
      packet(8, 'S', ack | push, 'response'),
      packet(10, 'S', syn | ack),
      packet(20, 'S', ack | push, 'more', { at: 8 }),
    ]);
    expect(brief(flows)).toEqual(['S response 8', 'S+ more 4']);
  });

  it('with other numbers than what waits gives that up', () => {
    const far = 2_000_000_000;
    const flows = flowsOf([
      packet(0, 'C', syn),
      packet(5, 'C', ack),
      packet(8, 'S', ack | push, 'waits', { at: 100 }),
      packet(10, 'S', syn | ack, '', { at: far }),
      packet(20, 'S', ack | push, 'data', { at: far }),
    ]);
    expect(brief(flows)).toEqual(['S+ waits 5 closed 100', 'S+ data 4']);
    expect(flows.counts.missedBytes).toBe(100);
  });

  it('that was not captured leaves the role open, and its end is taken from the ports', () => {
    const flows = flowsOf([
      packet(0, 'S', ack | push, 'middle', { at: 100, acks: 50 }),
      packet(1, 'C', ack, '', { at: 50, acks: 106 }),
    ]);
    expect(flows.segments).toMatchObject([{ fromClient: false, isRoleKnown: false, payload: 'middle', gapBytes: 0 }]);
    expect(only(flows)).toMatchObject({ isRoleKnown: false, isOpened: false, isOpen: true, serverHandshakeNs: -1 });
  });

  it('of which only the SYN-ACK was captured tells who the client is', () => {
    const ports = [80, 40000] as const;
    const flows = flowsOf([packet(0, 'S', syn | ack, '', { ports }), packet(1, 'C', ack | push, 'x', { ports })]);
    expect(only(flows)).toMatchObject({ clientEnd: '10.0.0.1:80', isRoleKnown: true, isOpened: true });
  });

  it('without an answer times out', () => {
    const flows = flowsOf([packet(0, 'C', syn), packet(31_000, 'C', syn, '', { ports: [40001, 80] })]);
    expect(flows.intervals[0]).toMatchObject({ isOpened: false });
    expect(flows.intervals.map(({ closeType }) => closeType)).toEqual(['handshake_timeout', 'open']);
  });
});

describe('the end of a connection', () => {
  const fins = [packet(20, 'C', ack | fin), packet(21, 'S', ack | fin, '', { acks: 1 })];

  it.each<[string, CapturedRecord[], string]>([
    ['refused', [packet(0, 'C', syn), packet(1, 'S', reset | ack, '', { at: -1 })], 'refused'],
    ['reset by the server', [...handshake, packet(20, 'S', reset)], 'server_reset'],
    ['reset by the client', [...handshake, packet(20, 'C', reset | ack)], 'client_reset'],
    ['reset after both are done', [...handshake, ...fins, packet(22, 'C', reset, '', { at: 1 })], 'finished'],
    ['reset while one is done', [...handshake, fins[0]!, packet(22, 'S', reset)], 'server_reset'],
    ['finished after a reset', [...handshake, packet(20, 'C', reset), packet(20.1, 'S', ack | fin)], 'client_reset'],
    ['reset by a number of another connection', [...handshake, packet(20, 'S', reset, '', { at: 2 ** 24 })], 'open'],
    ['done by one side', [...handshake, fins[0]!, packet(400_000, 'C', syn, '', { ports: [1, 2] })], 'half_closed'],
    ['none', [...handshake, packet(400_000, 'C', syn, '', { ports: [1, 2] })], 'idle'],
  ])('%s', (_, packets, close) => {
    const { intervals } = flowsOf(packets);
    expect(intervals.filter(({ flowId }) => flowId === 1).at(-1)).toMatchObject({
      closeType: close,
      isOpen: close === 'open',
    });
  });

  it('is followed by what was on its way, and not by a flow of its own', () => {
    const flows = flowsOf([
      ...handshake,
      packet(19, 'S', ack | push, 'late', { at: 5 }),
      ...fins,
      packet(25, 'S', ack, 'hello'),
    ]);
    expect(brief(flows)).toEqual(['S hellolate 9']);
    expect(flows.counts.flows).toBe(1);
  });

  it('is a SYN with another number between the same ends', () => {
    const again = [packet(30, 'C', syn, '', { at: 5000 })];
    expect(flowsOf([...handshake, ...again]).intervals.map(({ closeType }) => closeType)).toEqual(['reused', 'open']);
    expect(flowsOf([...handshake, ...fins, ...again]).intervals.map(({ closeType }) => closeType)).toEqual([
      'finished',
      'open',
    ]);
    expect(flowsOf([packet(0, 'C', syn), ...again]).counts.flows).toBe(2);
  });
});
