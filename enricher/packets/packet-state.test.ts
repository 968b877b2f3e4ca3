import { describe, expect, test } from 'vitest';
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { imbalance } from '../../core/stage/accounting.ts';
import { dissectors } from '../../protocols/dissectors.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import type { EventBatch, PacketSegment } from '../../schemas/generated/event-batch.ts';
import { type Flow, readFlowBatch } from '../../schemas/generated/flow-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { readSpanBatch } from '../../schemas/generated/span-batch.ts';
import { aFlowInterval, anInterface, anObservation, aSegment, flowMetrics } from '../../schemas/testing/a-segment.ts';
import type { EnricherConfig } from '../config.ts';
import { createEnricher, type Enricher } from '../stage.ts';
import { eventMessage } from '../testing/event-message.ts';
import { lineDissector } from '../testing/line-protocol.ts';
import { testConfig } from '../testing/run-agent.ts';

const ms = 1_000_000;

/** Batches of packets of one agent, and what comes of them. */
class Packets {
  readonly stage: Enricher;
  private offset = 0;

  constructor(config: Partial<EnricherConfig> = {}, protocols = [lineDissector]) {
    this.stage = createEnricher({ ...testConfig, ...config }, { dissectors: protocols });
  }

  send(batch: Partial<EventBatch>): { readonly spans: readonly Span[]; readonly flows: readonly Flow[] } {
    const offset = this.offset++;
    const last = Math.max(0, ...(batch.segments ?? []).map(({ lastTimeOffsetNs }) => lastTimeOffsetNs));
    const message = eventMessage({ source: 'packets', untilOffsetNs: last, ...batch }, { offset });
    const outputs = this.stage.process(message, 0);
    expect(imbalance(this.stage.accounting())).toBe(0);
    return { spans: outputs.flatMap(spansOf), flows: outputs.flatMap(flowsOf) };
  }
}

const spansOf = ({ topic, value }: OutgoingMessage): readonly Span[] =>
  topic === 'spans' ? readSpanBatch(new AvroReader(value as Buffer)).spans : [];
const flowsOf = ({ topic, value }: OutgoingMessage): readonly Flow[] =>
  topic === 'flows' ? readFlowBatch(new AvroReader(value as Buffer)).flows : [];

const request = (id: number, given: Parameters<typeof aSegment>[0] = {}): PacketSegment =>
  aSegment({ id, text: 'Q a 1\n', tcpSequence: 1000, ...given });
const response = (id: number, given: Parameters<typeof aSegment>[0] = {}): PacketSegment =>
  aSegment({ id, fromClient: false, text: 'A 200\n', tcpSequence: 5000, ...given });

describe('a span of packets', () => {
  test('has the flow, the interface and the point, both ends by address, and neither process nor socket', () => {
    const interfaces = [
      anInterface({ kind: 'virtual_pair', name: 'veth7', peerAddresses: [Uint8Array.of(10, 0, 0, 2)] }),
    ];
    const { spans } = new Packets().send({
      interfaces,
      segments: [request(1, { flowId: 9 }), response(2, { flowId: 9 })],
    });
    expect(spans).toMatchObject([
      {
        ...{ signalSource: 'packet', observationPoint: 's', interfaceName: 'veth7', networkNamespace: 4 },
        ...{ flowId: 9, socketId: 0, processId: 0, processName: '', requestContextId: 0, causes: [] },
        ...{ requestEventId: 1, responseEventId: 2, requestTcpSequence: 1000, responseTcpSequence: 5000 },
        ...{ status: 'ok', responseCode: 200, endpoint: 'a', requestBytes: 6, responseBytes: 6, tunnels: [] },
      },
    ]);
    const [{ client, server }] = spans as [Span];
    expect([[...client.address], client.port, [...server.address], server.port]).toEqual([
      ...[[10, 0, 0, 1], 40_000, [10, 0, 0, 2], 80],
    ]);
  });

  test('lasts from the first packet of the request to the last packet of the response', () => {
    const { spans } = new Packets().send({
      segments: [
        request(1, { timeOffsetNs: 5 * ms, lastTimeOffsetNs: 6 * ms }),
        response(2, { timeOffsetNs: 20 * ms, lastTimeOffsetNs: 32 * ms }),
      ],
    });
    expect(spans).toMatchObject([{ durationNs: 27 * ms, timeToFirstByteNs: 15 * ms }]);
  });

  test('whose packets came out of order is not shorter than nothing', () => {
    const { spans } = new Packets().send({
      segments: [
        request(1, { timeOffsetNs: 5 * ms, lastTimeOffsetNs: 3 * ms }),
        response(2, { timeOffsetNs: 4 * ms, lastTimeOffsetNs: 2 * ms }),
      ],
    });
    expect(spans).toMatchObject([{ durationNs: 0, timeToFirstByteNs: 0 }]);
  });

  test('has the tunnels around its request', () => {
    const tunnel = { type: 'vxlan', id: 42, source: Uint8Array.of(1, 1, 1, 1), destination: Uint8Array.of(2, 2, 2, 2) };
    const back = { ...tunnel, source: tunnel.destination, destination: tunnel.source };
    const { spans } = new Packets().send({
      segments: [
        request(1, { observation: anObservation({ tunnels: [tunnel as never] }) }),
        response(2, { observation: anObservation({ tunnels: [back as never] }) }),
      ],
    });
    expect(spans[0]!.tunnels.map(({ id, source }) => [id, ...source])).toEqual([[42, 1, 1, 1, 1]]);
  });

  test('of a flow that was there before its interface is known says where from the next span on', () => {
    const packets = new Packets();
    const points = (first: number): readonly string[] =>
      packets
        .send({ segments: [request(first, { tcpSequence: 0 }), response(first + 1, { tcpSequence: 0 })] })
        .spans.map(({ observationPoint, interfaceName }) => `${observationPoint} ${interfaceName}`);
    // Without facts, packets that leave are of the host itself.
    expect(points(1)).toEqual(['s ']);
    packets.send({ interfaces: [anInterface()] });
    expect(points(3)).toEqual(['rest eth0']);
    packets.send({ interfaces: [anInterface({ name: 'eth1', addresses: [Uint8Array.of(10, 0, 0, 1)] })] });
    expect(points(5)).toEqual(['c eth1']);
  });

  test('of a connection of which the beginning was not seen has the client that asks', () => {
    const swapped = { isRoleKnown: false } as const;
    const interfaces = [anInterface({ addresses: [Uint8Array.of(10, 0, 0, 1)] })];
    const { spans } = new Packets().send({
      interfaces,
      segments: [
        aSegment({ id: 1, fromClient: false, text: 'Q a 1\n', ...swapped }),
        aSegment({ id: 2, text: 'A 200\n', ...swapped }),
      ],
    });
    expect(spans).toMatchObject([{ observationPoint: 's', client: { port: 80 }, server: { port: 40_000 } }]);
  });
});

describe('bytes that are missing', () => {
  test('in a body shift nothing: the next response is found where it begins', () => {
    const { spans } = new Packets({}, [...dissectors]).send({
      segments: [
        request(1, { text: 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n', tcpSequence: 1000 }),
        response(2, { text: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n', tcpSequence: 5000 }),
        response(3, { text: 'x'.repeat(40), tcpSequence: 5100, gapBytes: 60, gap: 'timeout', startsMessage: false }),
        request(4, { text: 'GET /b HTTP/1.1\r\nHost: a\r\n\r\n', tcpSequence: 1028 }),
        response(5, { text: 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', tcpSequence: 5140 }),
      ],
    });
    expect(spans.map(({ requestResource, responseCode }) => [requestResource, responseCode])).toEqual([
      ['/a', 200],
      ['/b', 404],
    ]);
  });

  test('that hide a whole response end its request as unknown, and the next one has its own', () => {
    const { spans } = new Packets().send({
      segments: [
        request(1, { text: 'Q a 1\n' }),
        request(2, { text: 'Q b 1\n', tcpSequence: 1006 }),
        response(3, { text: 'A 404\n', tcpSequence: 5006, gapBytes: 6, gap: 'acknowledged', startsMessage: false }),
        request(4, { text: 'Q c 1\n', tcpSequence: 1012 }),
        response(5, { text: 'A 200\n', tcpSequence: 5012 }),
      ],
    });
    expect(spans.map(({ endpoint, status, responseCode }) => [endpoint, status, responseCode])).toEqual([
      ['a', 'unknown', 0],
      ['b', 'ok', 404],
      ['c', 'ok', 200],
    ]);
  });

  test('at the head of a message leave the next one to be found', () => {
    const { spans } = new Packets({}, [...dissectors]).send({
      segments: [
        request(1, { text: 'ost: a\r\n\r\n', tcpSequence: 1018, gapBytes: 18, gap: 'timeout', startsMessage: false }),
        response(2, { text: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' }),
        request(3, { text: 'GET /b HTTP/1.1\r\nHost: a\r\n\r\n', tcpSequence: 1028 }),
        response(4, { text: 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', tcpSequence: 5038 }),
      ],
    });
    expect(spans.map(({ requestResource, responseCode }) => [requestResource, responseCode])).toEqual([['/b', 404]]);
  });
});

describe('the end of a flow', () => {
  const ended = (closeType: ReturnType<typeof flowMetrics>['closeType']): Partial<EventBatch> => ({
    flows: [aFlowInterval({ endOffsetNs: 9 * ms, metrics: flowMetrics({ isOpen: false, closeType }) })],
  });

  test.each([
    ['finished', 'closed'],
    ['server_reset', 'closed'],
    ['half_closed', 'closed'],
    ['idle', 'unknown'],
    ['evicted', 'unknown'],
  ] as const)('%s: a request without a response is %s, and lasts until then', (closeType, status) => {
    const packets = new Packets();
    packets.send({ segments: [request(1, { timeOffsetNs: ms })] });
    const { spans } = packets.send(ended(closeType));
    expect(spans).toMatchObject([{ status, durationNs: 8 * ms }]);
    expect(packets.stage.accounting()).toMatchObject({ received: 2, emitted: 2, buffered: 0 });
  });

  test('that goes on ends nothing', () => {
    const packets = new Packets();
    packets.send({ segments: [request(1)] });
    expect(packets.send({ flows: [aFlowInterval()] })).toMatchObject({ spans: [], flows: [{ flowId: 1 }] });
    expect(packets.send({ segments: [response(2)] }).spans).toMatchObject([{ status: 'ok' }]);
  });

  test('in the batch of its last segments comes behind them', () => {
    const { spans } = new Packets().send({
      segments: [request(1), response(2), request(3, { tcpSequence: 1006 })],
      ...ended('client_reset'),
    });
    expect(spans.map(({ status }) => status)).toEqual(['ok', 'closed']);
  });
});

test('datagrams: a name that is asked for, and its answer', () => {
  const question = Buffer.from('000101000001000000000000036170690473686f700000010001', 'hex');
  const answer = Buffer.from('000181830001000000000000036170690473686f700000010001', 'hex');
  const udp = { transport: 'udp', isRoleKnown: false, tcpSequence: 0 } as const;
  const ports = (fromClient: boolean): Partial<PacketSegment> =>
    fromClient ? { senderPort: 40_000, receiverPort: 53 } : { senderPort: 53, receiverPort: 40_000 };
  const { spans } = new Packets({}, [...dissectors]).send({
    segments: [
      request(1, { ...udp, payload: question, ...ports(true) }),
      response(2, { ...udp, payload: answer, ...ports(false) }),
    ],
  });
  expect(spans).toMatchObject([
    { protocol: 'dns', transport: 'udp', requestResource: 'api.shop', responseCode: 3, requestId: 1 },
  ]);
});

describe('intervals of flows', () => {
  test('come tagged, with their place and their counters', () => {
    const flow = aFlowInterval({ startOffsetNs: 5, endOffsetNs: 25, isRoleKnown: false });
    const interfaces = [anInterface({ addresses: [Uint8Array.of(10, 0, 0, 1)] })];
    const { flows } = new Packets().send({ interfaces, flows: [flow] });
    expect(flows).toMatchObject([
      {
        ...{ flowId: 1, startTimeNs: 1_700_000_000_000_000_005n, durationNs: 20, observationPoint: 'c' },
        ...{ interfaceName: 'eth0', networkNamespace: 4, transport: 'tcp', isRoleKnown: false },
        ...{ metrics: flow.metrics, client: { port: 40_000 }, server: { port: 80 } },
      },
    ]);
  });

  test('have the tunnels of the client, or of the server where only that sent', () => {
    const tunnel = (id: number): never =>
      ({ type: 'geneve', id, source: Uint8Array.of(1, 1, 1, 1), destination: Uint8Array.of(2, 2, 2, 2) }) as never;
    const flow = aFlowInterval({
      clientObservation: anObservation({ tunnels: [tunnel(1)] }),
      serverObservation: anObservation({ tunnels: [tunnel(2)] }),
    });
    const { client } = flow.metrics;
    const silent = { ...flow, metrics: { ...flow.metrics, client: { ...client, packets: 0 } } };
    const { flows } = new Packets().send({ flows: [flow, silent] });
    expect(flows.map(({ tunnels }) => tunnels.map(({ id }) => id))).toEqual([[1], [2]]);
  });

  test('of one batch go out in messages that the bus has room for', () => {
    const flows = Array.from({ length: 3000 }, (_, index) => aFlowInterval({ flowId: index + 1 }));
    const { stage } = new Packets();
    const outputs = stage.process(eventMessage({ source: 'packets', flows }, { offset: 0 }), 0);
    expect(outputs.map(({ topic }) => topic)).toEqual(['spans', 'flows', 'flows', 'flows']);
    expect(Math.max(...outputs.map(({ value }) => (value as Buffer).length))).toBeLessThan(1_000_000);
    expect(outputs.flatMap(flowsOf).map(({ flowId }) => flowId)).toEqual(flows.map(({ flowId }) => flowId));
  });
});

describe('what is kept', () => {
  test('of flows is bounded: the one without segments for the longest time is forgotten', () => {
    const packets = new Packets({ maxSockets: 10 });
    for (let flowId = 1; flowId <= 30; flowId++) packets.send({ segments: [request(flowId, { flowId })] });
    expect(packets.stage.accounting()).toMatchObject({ buffered: 10, dropped: { evicted: 20 } });
  });

  test('of interfaces is bounded with all other entries of all agents', () => {
    const { stage } = new Packets({ maxEntries: 5000 });
    let offset = 0;
    const address = (agentId: number, index: number): Uint8Array => Uint8Array.of(10, agentId, index >> 8, index & 255);
    for (let agentId = 1; agentId <= 20; agentId++) {
      const interfaces = Array.from({ length: 500 }, (_, index) =>
        anInterface({ index, addresses: [address(agentId, index)] }),
      );
      stage.process(
        { ...eventMessage({ source: 'packets', agentId, interfaces }, { offset }), key: String(agentId) },
        0,
      );
      offset++;
    }
    expect(stage.agentCounts().shrunk).toBeGreaterThan(10);
  });
});
