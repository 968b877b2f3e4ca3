/**
 * Counters of every connection in the captures in TEST_SHARED, as tshark's table of conversations and its analysis have them.
 * Differences on purpose:
 * - tshark calls what comes again within a round trip out of order, though it was there before; here that is a retransmission;
 * - tshark takes a handshake's time from SYN to the first ACK; here both halves need a SYN-ACK between them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { captureNames, capturesDirectory, capturesMissing } from '../../protocols/testing/shared-captures.ts';
import { describeWhere } from '../../test/requirement.ts';
import { type Interval, readFlows, type Side } from './testing/flows.ts';
import { type Fields, tsharkConversations, tsharkFields, tsharkMissing } from './testing/tshark.ts';

const names = [
  ...['tcp.srcport', 'tcp.dstport', 'tcp.flags.reset', 'tcp.analysis.initial_rtt', 'tcp.analysis.retransmission'],
  ...['tcp.analysis.spurious_retransmission', 'tcp.analysis.out_of_order', 'tcp.analysis.duplicate_ack'],
  ...['tcp.analysis.zero_window', 'tcp.len'],
] as const;
type Theirs = Fields<(typeof names)[number]>;

interface Counters {
  readonly payloadBytes: number;
  readonly repeated: number;
  readonly outOfOrder: number;
  readonly duplicateAcks: number;
  readonly zeroWindows: number;
  readonly resets: number;
}

function add(sums: Map<string, Counters>, key: string, counters: Counters): void {
  const before = sums.get(key);
  sums.set(key, {
    payloadBytes: counters.payloadBytes + (before?.payloadBytes ?? 0),
    repeated: counters.repeated + (before?.repeated ?? 0),
    outOfOrder: counters.outOfOrder + (before?.outOfOrder ?? 0),
    duplicateAcks: counters.duplicateAcks + (before?.duplicateAcks ?? 0),
    zeroWindows: counters.zeroWindows + (before?.zeroWindows ?? 0),
    resets: counters.resets + (before?.resets ?? 0),
  });
}

function ours(intervals: readonly Interval[]): Map<string, Counters> {
  const sums = new Map<string, Counters>();
  const portOf = (end: string): string => end.slice(end.lastIndexOf(':') + 1);
  for (const { clientEnd, serverEnd, client, server } of intervals) {
    const count = (from: string, to: string, side: Side): void => {
      if (side.packets > 0)
        add(sums, `${portOf(from)} ${portOf(to)}`, {
          payloadBytes: side.payloadBytes,
          repeated: side.retransmissions + side.synRetransmissions,
          outOfOrder: side.outOfOrder,
          duplicateAcks: side.duplicateAcks,
          zeroWindows: side.zeroWindows,
          resets: side.resets,
        });
    };
    count(clientEnd, serverEnd, client);
    count(serverEnd, clientEnd, server);
  }
  return sums;
}

function theirs(frames: readonly Theirs[]): Map<string, Counters> {
  const sums = new Map<string, Counters>();
  for (const frame of frames) {
    if (frame['tcp.srcport'].length === 0) continue;
    const has = (name: (typeof names)[number]): number => (frame[name].length > 0 ? 1 : 0);
    add(sums, `${frame['tcp.srcport'].at(-1)!} ${frame['tcp.dstport'].at(-1)!}`, {
      payloadBytes: Number(frame['tcp.len'].at(-1)),
      repeated: has('tcp.analysis.retransmission') | has('tcp.analysis.spurious_retransmission'),
      outOfOrder: has('tcp.analysis.out_of_order'),
      duplicateAcks: has('tcp.analysis.duplicate_ack'),
      zeroWindows: has('tcp.analysis.zero_window'),
      resets: Number(frame['tcp.flags.reset'].at(-1)),
    });
  }
  return sums;
}

/** Captures with SYN and ACK, and the SYN-ACK before both, after both, or not at all. */
const withoutSynAck = ['tcp/handshake-error.pcap', 'tcp/out-of-order.pcap', 'tcp/server-reset.pcap'];

function roundTrips(frames: readonly Theirs[]): ReadonlySet<number> {
  const times = frames.flatMap((frame) => frame['tcp.analysis.initial_rtt']);
  return new Set(times.map((time) => Math.round(Number(time) * 1e9)));
}

/** Frames and bytes of each direction, as its table has them. */
type Table = Map<string, { frames: number; bytes: number }>;

function enter(table: Table, key: string, frames: number, bytes: number): void {
  const before = table.get(key) ?? { frames: 0, bytes: 0 };
  table.set(key, { frames: before.frames + frames, bytes: before.bytes + bytes });
}

function expectSameTable(intervals: readonly Interval[], path: string): void {
  const ours: Table = new Map();
  for (const { clientEnd, serverEnd, client, server } of intervals) {
    enter(ours, `${clientEnd} ${serverEnd}`, client.packets, client.bytes);
    enter(ours, `${serverEnd} ${clientEnd}`, server.packets, server.bytes);
  }
  const theirs: Table = new Map();
  for (const { a, b, fromA, fromB } of tsharkConversations(path)) {
    enter(theirs, `${a} ${b}`, fromA.frames, fromA.bytes);
    enter(theirs, `${b} ${a}`, fromB.frames, fromB.bytes);
  }
  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
  for (const [key, { frames, bytes }] of ours) {
    expect(theirs.get(key)!.frames).toBe(frames);
    // It rounds many bytes to kilobytes.
    expect(Math.abs(theirs.get(key)!.bytes - bytes)).toBeLessThanOrEqual(bytes < 10_000 ? 0 : 1000);
  }
}

describeWhere(tsharkMissing() ?? capturesMissing(), 'tshark counts the same', () => {
  it.each(captureNames())('in %s', (name) => {
    const path = join(capturesDirectory, name);
    const { intervals } = readFlows(readFileSync(path));
    const tcp = intervals.filter(({ transport }) => transport === 'tcp');
    const sorted = (sums: Map<string, Counters>): unknown => [...sums].sort(([one], [other]) => (one < other ? -1 : 1));
    const frames = tsharkFields(path, names);
    expect(sorted(ours(tcp))).toEqual(sorted(theirs(frames)));
    expectSameTable(tcp, path);
    const measured = tcp
      .filter(({ serverHandshakeNs, clientHandshakeNs }) => serverHandshakeNs >= 0 && clientHandshakeNs >= 0)
      .map(({ serverHandshakeNs, clientHandshakeNs }) => serverHandshakeNs + clientHandshakeNs);
    expect(new Set(measured)).toEqual(withoutSynAck.includes(name) ? new Set() : roundTrips(frames));
  });
});
