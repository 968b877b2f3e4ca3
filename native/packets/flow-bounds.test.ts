import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Random } from '../../core/testing/random.ts';
import { captureNames, capturesDirectory, capturesMissing } from '../../protocols/testing/shared-captures.ts';
import { describeWhere } from '../../test/requirement.ts';
import { loadNative } from '../load.ts';
import { pcap } from './testing/capture-builder.ts';
import { handshake, packet } from './testing/connection.ts';
import { flowsOf, readFlows } from './testing/flows.ts';
import { flags } from './testing/packets.ts';

const { fin, syn, reset, push, ack } = flags;

describe('flows', () => {
  /** SYNs of as many connections, a microsecond apart. */
  function* flood(count: number): Generator<Buffer> {
    const one = pcap([packet(0, 'C', syn)], { isNanoseconds: true });
    yield one.subarray(0, 24);
    const record = one.subarray(24);
    for (let from = 0; from < count; from += 10_000) {
      const chunk = Buffer.alloc(10_000 * record.length);
      for (let index = 0; index < 10_000; index++) {
        const at = index * record.length;
        record.copy(chunk, at);
        chunk.writeUInt32LE(1_700_000_000 + Math.floor((from + index) / 1e6), at);
        chunk.writeUInt32LE(((from + index) % 1e6) * 1000, at + 4);
        chunk.writeUInt32BE(from + index, at + 16 + 26);
      }
      yield chunk;
    }
  }

  it('of a flood of SYNs stay bounded, are counted, and do not displace connections', () => {
    const reader = loadNative().createFlowReader({ firstFlowId: 1 });
    const start = pcap(handshake, { isNanoseconds: true });
    reader.read(start);
    let found = 0;
    let isFirst = true;
    for (const chunk of flood(1_000_000)) {
      if (isFirst) isFirst = false;
      else for (const { intervalCount } of reader.read(chunk).blocks) found += intervalCount;
    }
    const counts = reader.counts();
    expect(counts).toMatchObject({ openFlows: 100_000, flows: 1_000_001, evicted: 900_001, evictedOpening: 900_001 });
    expect(found).toBe(0);
    const last = pcap([packet(1_500, 'C', ack | push, 'still here')], { isNanoseconds: true }).subarray(24);
    reader.read(last);
    expect(reader.counts().flows).toBe(1_000_001);
  });

  it('that are established give way to others, the one used longest ago first', () => {
    const ports = (port: number) => ({ ports: [port, 80] as const });
    const data = (atMs: number, port: number) => packet(atMs, 'C', ack | push, 'x', { ...ports(port) });
    const { intervals } = flowsOf([data(0, 1001), data(1, 1002), data(2, 1003), data(3, 1001), data(4, 1004)], {
      maxFlows: 3,
    });
    expect(intervals[0]).toMatchObject({ clientEnd: '10.0.0.1:1002', closeType: 'evicted' });
  });
});

it('flows of any packets end, with all that was held', () => {
  const random = new Random(9);
  for (let run = 0; run < 300; run++) {
    const packets = Array.from({ length: 60 }, () => {
      const bits = random.pick([ack, ack, ack, ack | push, syn, syn | ack, fin | ack, reset, 0]);
      const text = 'abcdefghij'.slice(0, random.below(11));
      const fields = { at: random.below(40), acks: random.below(40), window: random.below(2) };
      return packet(random.below(500), random.pick(['C', 'S']), bits, text, fields);
    });
    const { counts, intervals, segments } = flowsOf(packets, { maxHeldBytes: 1000, maxFlows: 1 });
    expect(counts).toMatchObject({ openFlows: 0, heldBytes: 0 });
    const total = intervals.reduce((sum, { client, server }) => sum + client.packets + server.packets, 0);
    expect(total).toBeLessThanOrEqual(packets.length);
    for (const { payload, length } of segments) expect(payload.length).toBeLessThanOrEqual(length);
  }
});

describeWhere(capturesMissing(), 'a capture of real traffic', () => {
  const captures = captureNames(/\.pcap$/);

  it('cut at any byte gives the flows of what is there', () => {
    const file = readFileSync(join(capturesDirectory, 'tunnels', 'geneve.pcap'));
    for (let length = 24; length < file.length; length++) {
      const { counts, intervals } = readFlows(file.subarray(0, length));
      const total = intervals.reduce((sum, { client, server }) => sum + client.packets + server.packets, 0);
      expect(total).toBe((counts.frames['parsed'] ?? 0) - counts.withoutFlow);
    }
  });

  it.each(captures)('with any bytes changed ends, and leaves nothing behind: %s', (name) => {
    const random = new Random(13);
    const file = readFileSync(join(capturesDirectory, name)).subarray(0, 64 * 1024);
    for (let run = 0; run < 40; run++) {
      const spoilt = Buffer.from(file);
      for (let changes = random.below(20); changes >= 0; changes--)
        spoilt[24 + random.below(file.length - 24)] = random.below(256);
      const { counts, segments } = readFlows(spoilt, { maxFlows: 2, maxHeldBytes: 4096 }, 1 + random.below(5000));
      expect(counts).toMatchObject({ openFlows: 0, heldBytes: 0 });
      for (const { payload, length } of segments) expect(payload.length).toBeLessThanOrEqual(Math.min(512, length));
    }
  });
});
