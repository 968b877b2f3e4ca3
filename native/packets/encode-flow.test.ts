import { describe, expect, it } from 'vitest';
import { loadNative } from '../load.ts';
import { type CapturedRecord, pcap } from './testing/capture-builder.ts';
import { handshake, packet } from './testing/connection.ts';
import { flowsOf, readFlows, segmentsOf } from './testing/flows.ts';
import { flags } from './testing/packets.ts';

const { push, ack } = flags;
const redaction = { patterns: [], headers: [], parameters: [], values: [], sendUnrecognised: false };
const request = 'GET /?password=secret HTTP/1.1\r\nHost: shop\r\nAuthorization: Basic c2VjcmV0\r\n\r\n';
const response = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer';
const exchange = [
  ...handshake,
  packet(20, 'C', ack | push, request),
  packet(30, 'S', ack | push, response, { acks: request.length }),
];

describe('payloads', () => {
  it('have no secrets, as those of socket events', () => {
    const { segments } = flowsOf(exchange, { redaction });
    const redactor = loadNative().createRedactor(redaction);
    const call = { socketId: 1, transport: 'tcp', localRole: 'client', localPort: 40000, remotePort: 80 } as const;
    const expected = [
      { text: request, direction: 'egress', tcpSequence: 1001 } as const,
      { text: response, direction: 'ingress', tcpSequence: 5001 } as const,
    ].map(({ text, ...own }) => {
      const payload = Buffer.from(text);
      const { length, redacted } = redactor.redact(
        { ...call, ...own, startsMessage: true, length: payload.length },
        payload,
      );
      return { payload: payload.toString('latin1', 0, length), redacted, length: payload.length };
    });
    expect(segments).toMatchObject(expected);
    expect(segments[0]!.payload).not.toContain('secret');
    expect(segments[0]!.redacted.length).toBeGreaterThan(0);
    expect(segments[1]!.payload).not.toContain('answer');
  });

  it('of a protocol that is not recognised stay, unless they may leave', () => {
    const packets = [...handshake, packet(20, 'C', ack | push, 'private words')];
    expect(flowsOf(packets, { redaction }).segments).toMatchObject([{ payload: '', length: 13, redacted: [0, 13] }]);
    const all = { redaction: { ...redaction, sendUnrecognised: true } };
    expect(flowsOf(packets, all).segments).toMatchObject([{ payload: 'private words', redacted: [] }]);
  });

  it('are redacted by patterns that are checked first', () => {
    const options = { redaction: { ...redaction, patterns: ['('] } };
    expect(() => loadNative().createFlowReader(options)).toThrow('redaction pattern');
  });
});

describe('ids', () => {
  it('in a capture file follow from the time of its first packet', () => {
    const file = pcap(exchange, { isNanoseconds: true });
    const read = () => {
      const reader = loadNative().createFlowReader({});
      const { blocks, firstTimeNs } = reader.read(file);
      return { segments: blocks.flatMap(segmentsOf), blocks, firstTimeNs };
    };
    const { segments, blocks, firstTimeNs } = read();
    const firstUs = 1_700_000_000_000_000;
    expect(firstTimeNs).toBe(BigInt(firstUs) * 1000n);
    expect(segments.map(({ id, flowId }) => [id, flowId])).toEqual([
      [2 ** 52 + firstUs, firstUs],
      [2 ** 52 + firstUs + 1, firstUs],
    ]);
    expect(blocks.at(-1)).toMatchObject({ lastSegmentId: 2 ** 52 + firstUs + 1, lastFlowId: firstUs });
    expect(read().segments).toEqual(segments);
  });
});

describe('blocks', () => {
  const many = (count: number, text: string): readonly CapturedRecord[] =>
    Array.from({ length: count }, (_, index) =>
      packet(20 + index / 1000, 'C', ack | push, text, { at: index * text.length }),
    );

  it('have at most 8,192 records and little more than 1 MiB', () => {
    const small = flowsOf([...handshake, ...many(20_000, 'x')]);
    expect(small.blocks.map(({ segmentCount }) => segmentCount)).toEqual([8192, 8192, 3616, 0]);
    expect(new Set(small.segments.map(({ id }) => id)).size).toBe(20_000);
    const large = flowsOf([...handshake, ...many(3_000, 'y'.repeat(1000))], { continuationBytes: 512 });
    for (const { segments } of large.blocks) expect(segments.length).toBeLessThan(1024 * 1024 + 1024);
    expect(large.segments).toHaveLength(3_000);
  });

  it('promise no more than what was sent', () => {
    const reader = loadNative().createFlowReader({});
    const until = (records: readonly CapturedRecord[], isFirst = false): bigint => {
      const file = pcap(records, { isNanoseconds: true });
      const block = reader.read(isFirst ? file : file.subarray(24)).blocks.at(-1)!;
      return block.baseNs + BigInt(block.untilOffsetNs);
    };
    const sent = packet(20, 'C', ack | push, 'whole');
    expect(until([...handshake, sent], true)).toBe(sent.timeNs);
    // A part that waits, while another flow sends something.
    const [part, other] = [
      packet(400, 'C', ack, 'part', { at: 5 }),
      packet(450, 'C', ack | push, 'x', { ports: [1, 2] }),
    ];
    expect(until([part, other])).toBeLessThan(part.timeNs!);
  });

  it('of absurd times begin anew: readers refuse what is far from the base', () => {
    const day = 24 * 3600_000;
    const times = [0, 30 * day, 10, 1000 * day, 20];
    const flows = readFlows(
      pcap(
        times.map((at, index) => packet(at, 'C', ack | push, 'x', { at: index })),
        { isNanoseconds: true },
      ),
    );
    expect(flows.segments.map(({ timeNs }) => Number(timeNs / 1_000_000n) - 1_700_000_000_000)).toEqual(times);
    for (const { untilOffsetNs } of flows.blocks) expect(untilOffsetNs).toBeLessThanOrEqual(1800e9);
  });
});
