import { describe, expect, test } from 'vitest';
import { imbalance } from '../../core/stage/accounting.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { readDeadLetter } from '../../schemas/generated/dead-letter.ts';
import type { EventBatch, FlowSide, Tunnel } from '../../schemas/generated/event-batch.ts';
import { aFlowInterval, anInterface, anObservation, aSegment, flowMetrics } from '../../schemas/testing/a-segment.ts';
import { anEvent, anEventBatch } from '../../schemas/testing/an-event.ts';
import { boundsProblem } from '../batch-bounds.ts';
import { createEnricher } from '../stage.ts';
import { eventMessage } from '../testing/event-message.ts';
import { lineDissector } from '../testing/line-protocol.ts';
import { testConfig } from '../testing/run-agent.ts';

const acceptedMs = 1_700_000_000_000;
const hourNs = 3_600e9;
const packets = (given: Partial<EventBatch>): EventBatch =>
  anEventBatch({ source: 'packets', untilOffsetNs: 0, ...given });
const segment = (given: Parameters<typeof aSegment>[0]): Partial<EventBatch> => ({ segments: [aSegment(given)] });
const flow = (given: Parameters<typeof aFlowInterval>[0]): Partial<EventBatch> => ({ flows: [aFlowInterval(given)] });
const face = (given: Parameters<typeof anInterface>[0]): Partial<EventBatch> => ({ interfaces: [anInterface(given)] });
const sent = (given: Partial<FlowSide>): Partial<EventBatch> => {
  const metrics = flowMetrics();
  return flow({ metrics: { ...metrics, client: { ...metrics.client, ...given } } });
};
const tunnel: Tunnel = { type: 'vxlan', id: 1, source: new Uint8Array(4), destination: new Uint8Array(4) };
const tunnels = (...all: readonly Partial<Tunnel>[]): Partial<EventBatch> =>
  segment({ observation: anObservation({ tunnels: all.map((each) => ({ ...tunnel, ...each })) }) });
const link = (length: number, vlans: readonly number[] = []): ReturnType<typeof anObservation> => {
  const destination = new Uint8Array(length);
  return anObservation({ link: { destination, source: new Uint8Array(), vlans } });
};
const faces = (count: number, addresses = 0): Partial<EventBatch> => ({
  interfaces: Array.from({ length: count }, (_, index) =>
    anInterface({ index, addresses: new Array<Uint8Array>(addresses).fill(new Uint8Array(4)) }),
  ),
});
const empty = new Uint8Array();

describe('packets in a batch', () => {
  test.each<[string, Partial<EventBatch>]>([
    [
      'a whole segment of the largest sequence',
      segment({ tcpSequence: 2 ** 32 - 1, text: 'a', gapBytes: 2 ** 32 - 1 }),
    ],
    ['two tunnels, one of MPLS in no packet', tunnels({}, { type: 'mpls', source: empty, destination: empty })],
    ['as many interfaces as the kernel gives names to', faces(4096, 16)],
    ['a flow of which each side sent a petabyte', sent({ bytes: 2 ** 50 })],
    ['a segment whose last packet came before the first', segment({ timeOffsetNs: 9, lastTimeOffsetNs: 3 })],
  ])('are believed: %s', (_, given) => {
    expect(boundsProblem(packets(given), acceptedMs)).toBeUndefined();
  });

  test.each<[string, Partial<EventBatch>]>([
    ['in a batch of sockets', { source: 'sockets', ...segment({}) }],
    ['flows in a batch of sockets', { source: 'sockets', ...flow({}) }],
    ['interfaces in a batch of sockets', { source: 'sockets', ...face({}) }],
    ['beside events', { events: [anEvent({})] }],
    ['too many interfaces', faces(4097)],
    ['too many addresses of interfaces', faces(4096, 17)],
    ['a name of an interface that is a novel', face({ name: 'x'.repeat(257) })],
    ['a namespace below zero', face({ networkNamespace: -1 })],
    ['a hardware address of 20 bytes', face({ macAddress: new Uint8Array(20) })],
    ['an address of an interface of 5 bytes', face({ addresses: [new Uint8Array(5)] })],
    ['an address of a peer of no bytes', face({ peerAddresses: [empty] })],
    ['a segment of Unix sockets', segment({ transport: 'unix' })],
    ['a segment of no transport', segment({ transport: 'unknown' })],
    ['a sender without an address', segment({ senderAddress: empty })],
    ['a receiver of another family than the sender', segment({ receiverAddress: new Uint8Array(16) })],
    ['a port beyond 65,535', segment({ senderPort: 65_536 })],
    ['a port below zero', segment({ receiverPort: -1 })],
    ['less than nothing', segment({ length: -1 })],
    ['more than any packets hold', segment({ length: 2 ** 40 })],
    ['more bytes captured than there were', segment({ text: 'abc', length: 2 })],
    ['a sequence of 33 bits', segment({ tcpSequence: 2 ** 32 })],
    ['a gap below zero', segment({ gapBytes: -1 })],
    ['a gap of 2^40 bytes', segment({ gapBytes: 2 ** 40 })],
    ['a flow id below zero', segment({ flowId: -1 })],
    ['three tunnels', tunnels({}, {}, {})],
    ['a tunnel from an address of 7 bytes', tunnels({ source: new Uint8Array(7) })],
    ['a tunnel id below zero', tunnels({ id: -1 })],
    ['a frame to 7 bytes', segment({ observation: link(7) })],
    ['a frame in 100 networks', segment({ observation: link(6, new Array<number>(100).fill(1)) })],
    ['a flow of no transport', flow({ transport: 'unknown' })],
    ['a flow without a client', flow({ clientAddress: empty })],
    ['a flow to a port beyond 65,535', flow({ serverPort: 70_000 })],
    ['a flow with an impossible frame', flow({ serverObservation: link(3) })],
    ['fewer packets than none', sent({ packets: -1 })],
    ['more bytes than can be added up', sent({ bytes: 2 ** 53 - 1 })],
    ['a handshake of minus two', flow({ metrics: flowMetrics({ serverHandshakeNs: -2 }) })],
  ])('are refused: %s', (_, given) => {
    expect(boundsProblem(packets(given), acceptedMs)).toMatchObject({ reason: 'undecodable' });
  });

  test.each<[string, Partial<EventBatch>]>([
    ['a segment two hours later', segment({ timeOffsetNs: 2 * hourNs })],
    ['a segment that ends two hours later', segment({ timeOffsetNs: 0, lastTimeOffsetNs: 2 * hourNs })],
    ['a segment of two weeks ago', segment({ timeOffsetNs: -14 * 24 * hourNs })],
    ['a flow that ends two hours later', flow({ endOffsetNs: 2 * hourNs })],
    ['a flow that began two weeks ago', flow({ startOffsetNs: -14 * 24 * hourNs })],
  ])('are refused for their time: %s', (_, given) => {
    expect(boundsProblem(packets(given), acceptedMs)).toMatchObject({ reason: 'time_out_of_range' });
  });

  test('that are refused become a dead letter, and the next batch is worked off', () => {
    const stage = createEnricher(testConfig, { dissectors: [lineDissector] });
    const batch = (given: Partial<EventBatch>, offset: number): ReturnType<typeof stage.process> =>
      stage.process(eventMessage({ source: 'packets', ...given }, { offset }), 0);
    const [letter] = batch(segment({ senderAddress: new Uint8Array(3) }), 0);
    expect(readDeadLetter(new AvroReader(letter!.value as Buffer))).toMatchObject({ reason: 'undecodable', offset: 0 });
    expect(batch(flow({}), 1).map(({ topic }) => topic)).toEqual(['spans', 'flows']);
    expect(stage.accounting()).toMatchObject({ received: 2, emitted: 1, rejected: { undecodable: 1 } });
    expect(imbalance(stage.accounting())).toBe(0);
  });

  test('damaged in any byte are refused or taken, and none is lost or made up', () => {
    const stage = createEnricher(testConfig, { dissectors: [lineDissector] });
    const message = eventMessage({ source: 'packets', ...segment({ transport: 'tcp' }) }, { offset: 0 });
    const { value } = message;
    const letters: string[] = [];
    for (let at = 0; at < value.length; at++) {
      const damaged = Buffer.from(value);
      damaged[at] = 0x7e;
      letters.push(...stage.process({ ...message, offset: at, value: damaged }, 0).map(({ topic }) => topic));
    }
    expect(letters).toContain('dead-letter');
    expect(imbalance(stage.accounting())).toBe(0);
  });
});
