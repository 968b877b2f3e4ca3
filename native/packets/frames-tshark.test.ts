/**
 * Every frame of the captures in TEST_SHARED, and of one with each tunnel, as tshark reads it. Differences on purpose:
 * - a third tunnel is not opened, and what is not IP has no fields (tshark reads ARP and the like);
 * - of a fragment, lengths are those of the whole packet as inner headers say, where tshark counts what the fragment has.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { captureNames, capturesDirectory, capturesMissing } from '../../protocols/testing/shared-captures.ts';
import { describeWhere } from '../../test/requirement.ts';
import { pcap } from './testing/capture-builder.ts';
import { encapsulations } from './testing/encapsulations.ts';
import { type Frame, readFrames } from './testing/frames.ts';
import { type Fields, tsharkFields, tsharkMissing } from './testing/tshark.ts';

const names = [
  ...['frame.len', 'frame.cap_len', 'frame.time_epoch', 'frame.protocols', 'eth.src', 'eth.dst', 'vlan.id'],
  ...['ieee8021ad.id', 'sll.src.eth'],
  ...['ip.src', 'ip.dst', 'ip.id', 'ipv6.src', 'ipv6.dst', 'tcp.srcport', 'tcp.dstport', 'udp.srcport', 'udp.dstport'],
  ...['tcp.seq_raw', 'tcp.ack_raw', 'tcp.flags', 'tcp.window_size_value', 'tcp.len', 'udp.length'],
  ...['tcp.options.wscale.shift', 'tcp.options.mss_val', 'tcp.options.timestamp.tsval', 'tcp.options.timestamp.tsecr'],
  ...['tcp.options.sack_perm', 'tcp.options.sack_le', 'tcp.options.sack_re'],
  ...['vxlan.vni', 'geneve.vni', 'gre.key', 'erspan.spanid', 'mpls.label', 'icmp.type', 'icmp.code', 'icmpv6.type'],
] as const;
type Theirs = Fields<(typeof names)[number]>;

/** Addresses of all IP headers, outermost first; packets that ICMP quotes left out. */
function theirAddresses(frame: Theirs): readonly string[] {
  const next = { ip: 0, ipv6: 0 };
  // Its reader of NFLOG hands all to that of IPv4, which hands IPv6 on.
  const layers = frame['frame.protocols'].join().replace('nflog:ip:ipv6', 'nflog:ipv6').split(':');
  const end = layers.findIndex((layer) => layer === 'icmp' || layer === 'icmpv6');
  return layers.slice(0, end === -1 ? undefined : end).flatMap((layer) => {
    if (layer !== 'ip' && layer !== 'ipv6') return [];
    const index = next[layer]++;
    return [`${frame[`${layer}.src`][index]!} ${frame[`${layer}.dst`][index]!}`];
  });
}

function ourAddresses({ tunnels, ipVersion, source, destination }: Frame): readonly string[] {
  const outer = tunnels
    .filter((tunnel) => tunnel.source !== '')
    .map((tunnel) => `${tunnel.source} ${tunnel.destination}`);
  return ipVersion === 0 ? outer : [...outer, `${source} ${destination}`];
}

const hexNumber = (texts: readonly string[]): number => Number(texts.at(-1) ?? 0);
const numbers = (texts: readonly string[]): readonly number[] => texts.map(Number);

function theirTcp(frame: Theirs): unknown {
  const last = (name: keyof Theirs, otherwise: number): number => Number(frame[name].at(-1) ?? otherwise);
  const [tsval, tsecr] = [frame['tcp.options.timestamp.tsval'], frame['tcp.options.timestamp.tsecr']];
  const [left, right] = [numbers(frame['tcp.options.sack_le']), numbers(frame['tcp.options.sack_re'])];
  return {
    ports: [last('tcp.srcport', 0), last('tcp.dstport', 0)],
    sequence: last('tcp.seq_raw', 0),
    acknowledgment: last('tcp.ack_raw', 0),
    flags: hexNumber(frame['tcp.flags']),
    window: last('tcp.window_size_value', 0),
    windowScale: last('tcp.options.wscale.shift', -1),
    maxSegmentSize: last('tcp.options.mss_val', 0),
    timestamps: tsval.length === 0 ? undefined : [Number(tsval.at(-1)), Number(tsecr.at(-1))],
    maySack: frame['tcp.options.sack_perm'].length > 0,
    sacks: left.map((edge, index) => [edge, right[index]]),
    length: last('tcp.len', 0),
  };
}

function ourTcp({ tcp, sourcePort, destinationPort, payloadLength }: Frame): unknown {
  return { ports: [sourcePort, destinationPort], ...tcp, length: payloadLength };
}

function theirIds(frame: Theirs): readonly number[] {
  const labels = numbers(frame['mpls.label']);
  const ids = (['vxlan.vni', 'geneve.vni', 'gre.key', 'erspan.spanid'] as const).flatMap((name) =>
    numbers(frame[name]),
  );
  return [...ids, ...(labels.length === 0 ? [] : [labels.at(-1)!])].sort((one, other) => one - other);
}

/** Hardware addresses of the sender, of the frame and of the innermost Ethernet frame in a tunnel. */
function theirLinks(frame: Theirs): readonly [string, string] {
  const all = [...frame['sll.src.eth'], ...frame['eth.src']];
  const isInTunnel = /(^|:)(ip|ipv6|mpls):(.*:)?eth[^:]*:/.test(frame['frame.protocols'].join());
  return [all.length > (isInTunnel ? 1 : 0) ? all[0]! : '', isInTunnel ? all.at(-1)! : ''];
}

function expectSame(ours: Frame, theirs: Theirs): void {
  expect([ours.wireLength, ours.captured]).toEqual([Number(theirs['frame.len']), Number(theirs['frame.cap_len'])]);
  const [seconds, nanoseconds] = theirs['frame.time_epoch'][0]!.split('.');
  expect(ours.timeNs).toBe(BigInt(seconds!) * 1_000_000_000n + BigInt(nanoseconds!));
  const hasAddresses = ours.unparsed !== 'not_ip' && ours.unparsed !== 'truncated';
  if (!hasAddresses) {
    expect(theirs['tcp.srcport']).toEqual([]);
    return;
  }
  expect(ourAddresses(ours)).toEqual(theirAddresses(theirs));
  expect([ours.link.source, ours.innerLink.source]).toEqual(theirLinks(theirs));
  if (ours.innerLink.destination !== '') expect(ours.innerLink.destination).toBe(theirs['eth.dst'].at(-1));
  expect([...ours.link.vlans, ...ours.innerLink.vlans]).toEqual(
    // Two fields, but only 802.1ad is ever outside of the other.
    numbers([...theirs['ieee8021ad.id'], ...theirs['vlan.id']]),
  );
  expect(
    ours.tunnels
      .map(({ id }) => id)
      .filter((id) => id !== 0)
      .sort((one, other) => one - other),
  ).toEqual(theirIds(theirs).filter((id) => id !== 0));
  if (ours.protocol === 6) expect(ourTcp(ours)).toEqual(theirTcp(theirs));
  if (ours.protocol === 17) {
    expect([ours.sourcePort, ours.destinationPort]).toEqual([
      Number(theirs['udp.srcport'].at(-1)),
      Number(theirs['udp.dstport'].at(-1)),
    ]);
    expect(ours.payloadLength).toBe(Number(theirs['udp.length'].at(-1)) - 8);
  }
  if (ours.protocol === 1)
    expect(ours.icmp).toMatchObject({ type: Number(theirs['icmp.type'][0]), code: Number(theirs['icmp.code'][0]) });
  if (ours.protocol === 58) expect(ours.icmp?.type).toBe(Number(theirs['icmpv6.type'][0]));
}

function compare(path: string): readonly Frame[] {
  const { frames, error } = readFrames(readFileSync(path));
  expect(error).toBeUndefined();
  const ours = frames.filter(({ isJoined }) => !isJoined);
  const theirs = tsharkFields(path, names);
  expect(ours).toHaveLength(theirs.length);
  ours.forEach((frame, index) => {
    try {
      expectSame(frame, theirs[index]!);
    } catch (error) {
      throw new Error(`frame ${index + 1} of ${path}: ${(error as Error).message}`, { cause: error });
    }
  });
  return ours;
}

describeWhere(tsharkMissing(), 'tshark reads the same', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'spanloom-frames-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  const linkTypes = [...new Set(encapsulations.map(({ linkType }) => linkType))];
  it.each(linkTypes)('in every tunnel in frames of link type %d', (linkType) => {
    const path = join(folder, `${linkType}.pcap`);
    const records = encapsulations.filter((one) => one.linkType === linkType);
    writeFileSync(path, pcap(records, { linkType }));
    expect(compare(path)).toHaveLength(records.length);
  });
});

describeWhere(tsharkMissing() ?? capturesMissing(), 'tshark reads the same of captures', () => {
  it.each(captureNames())('in %s', (name) => {
    const frames = compare(join(capturesDirectory, name));
    expect(frames.filter(({ unparsed }) => unparsed === 'parsed' || unparsed === 'fragment').length).toBeGreaterThan(0);
  });
});
