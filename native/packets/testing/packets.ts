/** Builds packets of every kind, header by header from the inside out. Checksums are 0: none is ever verified. */

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const u24 = (value: number): Buffer => Buffer.from([(value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff]);
const u32 = (value: number): Buffer =>
  Buffer.from([value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff]);

/** EtherTypes, also those of GRE and GENEVE. */
export const etherTypes = {
  ipv4: 0x0800,
  ipv6: 0x86dd,
  arp: 0x0806,
  ethernet: 0x6558,
  mpls: 0x8847,
  pppoe: 0x8864,
} as const;

/** Numbers of protocols in IP. */
export const ipProtocols = {
  icmp: 1,
  ipip: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  gre: 47,
  esp: 50,
  icmpv6: 58,
  mpls: 137,
} as const;

/** Hardware addresses that frames have without others. */
export const macs: Readonly<Record<'source' | 'destination', string>> = {
  source: '02:00:00:00:00:01',
  destination: '02:00:00:00:00:02',
};

const mac = (text: string): Buffer => Buffer.from(text.replaceAll(':', ''), 'hex');

/** @param tags types and ids of VLAN tags, outermost first */
export function ethernet(
  type: number,
  payload: Buffer,
  { source = macs.source, destination = macs.destination, tags = [] as readonly (readonly [number, number])[] } = {},
): Buffer {
  const tagged = tags.flatMap(([tagType, id]) => [u16(tagType), u16(id)]);
  return Buffer.concat([mac(destination), mac(source), ...tagged, u16(type), payload]);
}

/** Linux's cooked header, version 1. */
export function cooked(type: number, payload: Buffer, packetType = 0): Buffer {
  return Buffer.concat([u16(packetType), u16(1), u16(6), mac(macs.source), u16(0), u16(type), payload]);
}

/** The same, version 2. */
export function cooked2(type: number, payload: Buffer, { packetType = 0, interfaceIndex = 0 } = {}): Buffer {
  const kind = Buffer.from([packetType, 6]);
  return Buffer.concat([u16(type), u16(0), u32(interfaceIndex), u16(1), kind, mac(macs.source), u16(0), payload]);
}

/** A session of PPPoE. @param protocol 0x21 IPv4, 0x57 IPv6, 0x281 MPLS */
export function pppoe(protocol: number, payload: Buffer, length = payload.length + 2): Buffer {
  return Buffer.concat([Buffer.from([0x11, 0]), u16(0x1234), u16(length), u16(protocol), payload]);
}

/** Linux's log of netfilter, as hosts of both byte orders write it. */
export function nflog(payload: Buffer, { isBigEndian = false, interfaceIndex = 3 } = {}): Buffer {
  const attribute = (type: number, value: Buffer): Buffer => {
    const header = Buffer.concat([u16(value.length + 4), u16(type)]);
    const padding = Buffer.alloc((4 - (value.length % 4)) % 4);
    return Buffer.concat([isBigEndian ? header : header.swap16(), value, padding]);
  };
  const isIpv6 = payload[0]! >> 4 === 6;
  return Buffer.concat([
    Buffer.from([isIpv6 ? 10 : 2, 0, 0, 5]),
    attribute(1, Buffer.from([8, 0, 1, 0])),
    attribute(4, u32(interfaceIndex)),
    attribute(10, Buffer.from('prefix\0')),
    attribute(9, payload),
  ]);
}

const ipv4Bytes = (text: string): Buffer => Buffer.from(text.split('.').map(Number));

/** @param text all eight groups, or `::` and the last ones */
function ipv6Bytes(text: string): Buffer {
  const [before = '', after] = text.split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  const [first, last] = [groups(before), groups(after ?? '')];
  const zeros = new Array<number>(8 - first.length - last.length).fill(0);
  return Buffer.concat([...first, ...zeros, ...last].map(u16));
}

/** Addresses that packets have without others. */
export const addresses: Readonly<Record<'client' | 'server' | 'client6' | 'server6', string>> = {
  client: '10.0.0.1',
  server: '10.0.0.2',
  client6: 'fd00::1',
  server6: 'fd00::2',
};

/** @param totalLength what the header says, if not the truth; @param offset of a fragment, in bytes */
export function ipv4(
  protocol: number,
  payload: Buffer,
  {
    source = addresses.client,
    destination = addresses.server,
    id = 0,
    offset = 0,
    more = false,
    totalLength = undefined as number | undefined,
    options = Buffer.alloc(0),
  } = {},
): Buffer {
  const header = 20 + options.length;
  return Buffer.concat([
    Buffer.from([0x40 | (header / 4), 0]),
    u16(totalLength ?? Math.min(header + payload.length, 0xffff)),
    u16(id),
    u16((more ? 0x2000 : 0) | (offset / 8)),
    Buffer.from([64, protocol, 0, 0]),
    ipv4Bytes(source),
    ipv4Bytes(destination),
    options,
    payload,
  ]);
}

/** @param payloadLength what the header says, if not the truth */
export function ipv6(
  next: number,
  payload: Buffer,
  { source = addresses.client6, destination = addresses.server6, payloadLength = undefined as number | undefined } = {},
): Buffer {
  const length = u16(payloadLength ?? payload.length);
  const hops = Buffer.from([next, 64]);
  return Buffer.concat([u32(0x60000000), length, hops, ipv6Bytes(source), ipv6Bytes(destination), payload]);
}

/** An extension header of IPv6 of eight bytes: padding only. */
export function extension(next: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([next, 0, 1, 4, 0, 0, 0, 0]), payload]);
}

/** The extension header with the length of a jumbogram. */
export function jumbo(next: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([next, 0, 0xc2, 4]), u32(payload.length + 8), payload]);
}

/** The fragment header of IPv6. */
export function fragment6(next: number, payload: Buffer, { id = 0, offset = 0, more = false } = {}): Buffer {
  return Buffer.concat([Buffer.from([next, 0]), u16(offset | (more ? 1 : 0)), u32(id), payload]);
}

/** Flags of TCP. */
export const flags = { fin: 1, syn: 2, reset: 4, push: 8, ack: 16 } as const;

export interface TcpFields {
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly sequence?: number;
  readonly acknowledgment?: number;
  readonly flags?: number;
  readonly window?: number;
  /** A multiple of four bytes. */
  readonly options?: Buffer;
}

export function tcp(payload: Buffer, fields: TcpFields = {}): Buffer {
  const { sourcePort = 40000, destinationPort = 80, sequence = 1000, acknowledgment = 2000 } = fields;
  const { flags: bits = flags.ack, window = 65535, options = Buffer.alloc(0) } = fields;
  return Buffer.concat([
    u16(sourcePort),
    u16(destinationPort),
    u32(sequence),
    u32(acknowledgment),
    u16(((20 + options.length) << 10) | bits),
    u16(window),
    u32(0),
    options,
    payload,
  ]);
}

/** Segment size 1460, window scale 7, SACK permitted, timestamps 5 and 6. */
export const synOptions = Buffer.from('020405b40402080a000000050000000601030307', 'hex');

/** Two blocks of selective acknowledgment: 3000 to 4000, 5000 to 6000. */
export const sackOptions = Buffer.concat([Buffer.from([1, 1, 5, 18]), ...[3000, 4000, 5000, 6000].map(u32)]);

export function udp(
  payload: Buffer,
  { sourcePort = 40000, destinationPort = 53, length = undefined as number | undefined } = {},
): Buffer {
  const size = length ?? Math.min(8 + payload.length, 0xffff);
  return Buffer.concat([u16(sourcePort), u16(destinationPort), u16(size), u16(0), payload]);
}

export function icmp(type: number, code: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, code, 0, 0, 0, 0, 0, 0]), payload]);
}

/** In UDP, from any port. */
export function vxlan(vni: number, frame: Buffer, port = 4789): Buffer {
  const header = Buffer.concat([u32(0x08000000), u24(vni), Buffer.alloc(1)]);
  return udp(Buffer.concat([header, frame]), { sourcePort: 50000, destinationPort: port });
}

/** @param next 1 IPv4, 2 IPv6, 3 Ethernet, 4 NSH, 5 MPLS */
export function vxlanGpe(vni: number, next: number, payload: Buffer): Buffer {
  const header = Buffer.concat([Buffer.from([0x0c, 0, 0, next]), u24(vni), Buffer.alloc(1)]);
  return udp(Buffer.concat([header, payload]), { sourcePort: 50000, destinationPort: 4790 });
}

/** The header of a service chain, of metadata type 1. */
export function nsh(next: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x0f, 0xc6, 1, next]), u24(77), Buffer.from([255]), Buffer.alloc(16), payload]);
}

export function geneve(vni: number, type: number, payload: Buffer, options = Buffer.alloc(0)): Buffer {
  const header = Buffer.concat([Buffer.from([options.length / 4, 0]), u16(type), u24(vni), Buffer.alloc(1), options]);
  return udp(Buffer.concat([header, payload]), { sourcePort: 50000, destinationPort: 6081 });
}

export function gre(
  type: number,
  payload: Buffer,
  {
    key = undefined as number | undefined,
    checksum = false,
    sequence = undefined as number | undefined,
    version = 0,
  } = {},
): Buffer {
  const bits = (checksum ? 0x8000 : 0) | (key === undefined ? 0 : 0x2000) | (sequence === undefined ? 0 : 0x1000);
  return Buffer.concat([
    u16(bits | version),
    u16(type),
    checksum ? u32(0) : Buffer.alloc(0),
    key === undefined ? Buffer.alloc(0) : u32(key),
    sequence === undefined ? Buffer.alloc(0) : u32(sequence),
    payload,
  ]);
}

/** In GRE; type III with the eight bytes that platforms define where `platform` is true. */
export function erspan(type: 1 | 2 | 3, session: number, frame: Buffer, platform = false): Buffer {
  if (type === 1) return gre(0x88be, frame);
  const vlanAndSession = (version: number): Buffer => Buffer.concat([u16((version << 12) | 100), u16(session)]);
  if (type === 2) return gre(0x88be, Buffer.concat([vlanAndSession(1), u32(0), frame]), { sequence: 1 });
  const rest = Buffer.concat([u32(0), u16(0), u16(platform ? 1 : 0), Buffer.alloc(platform ? 8 : 0)]);
  return gre(0x22eb, Buffer.concat([vlanAndSession(2), rest, frame]), { sequence: 1 });
}

/** @param labels outermost first */
export function mpls(labels: readonly number[], payload: Buffer): Buffer {
  const entries = labels.map((label, index) =>
    u32(((label << 12) | (index === labels.length - 1 ? 0x100 : 0) | 64) >>> 0),
  );
  return Buffer.concat([...entries, payload]);
}

/** In UDP, from any port. */
export function mplsInUdp(labels: readonly number[], payload: Buffer): Buffer {
  return udp(mpls(labels, payload), { sourcePort: 50000, destinationPort: 6635 });
}
