import { AvroReader } from '../../../schemas/avro-reader.ts';
import { tunnelTypeSymbols } from '../../../schemas/generated/event-batch.ts';
import { loadNative } from '../../load.ts';

/** A tunnel around a packet; addresses are empty where it is in no IP packet. */
export interface Tunnel {
  readonly type: string;
  readonly id: number;
  readonly source: string;
  readonly destination: string;
}

export interface Link {
  readonly destination: string;
  readonly source: string;
  readonly vlans: readonly number[];
}

export interface Tcp {
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags: number;
  readonly window: number;
  /** -1: none. */
  readonly windowScale: number;
  readonly maxSegmentSize: number;
  readonly timestamps: readonly [number, number] | undefined;
  readonly maySack: boolean;
  readonly sacks: readonly (readonly [number, number])[];
}

/** A frame as native/packets/frame.h has it. */
export interface Frame {
  readonly timeNs: bigint;
  readonly wireLength: number;
  readonly captured: number;
  readonly interface: number;
  readonly isJoined: boolean;
  readonly unparsed: string;
  readonly packetType: number;
  readonly interfaceIndex: number;
  readonly link: Link;
  readonly innerLink: Link;
  readonly tunnels: readonly Tunnel[];
  readonly ipVersion: number;
  readonly hopLimit: number;
  readonly ipId: number;
  readonly source: string;
  readonly destination: string;
  readonly fragment:
    { readonly isLast: boolean; readonly id: number; readonly offset: number; readonly length: number } | undefined;
  /** Its number in IP; 0: none. */
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly tcp: Tcp | undefined;
  readonly icmp: { readonly type: number; readonly code: number; readonly quoted: string | undefined } | undefined;
  readonly payloadAt: number;
  readonly payloadCaptured: number;
  readonly payloadLength: number;
}

const unparsedNames = [
  ...['parsed', 'link_type', 'truncated', 'malformed', 'not_ip', 'vlans', 'extensions', 'tunnels'],
  ...['tunnel', 'protocol', 'fragment'],
];

/** A MAC address in its usual form; empty: none. */
export const macText = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1:');

/** An IP address in its usual form; empty: none. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length !== 16) return bytes.join('.');
  const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g)!;
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

const readMac = (reader: AvroReader): string => macText(reader.readBytes());
const readAddress = (reader: AvroReader): string => addressText(reader.readBytes());

function readArray<Item>(reader: AvroReader, read: () => Item): readonly Item[] {
  const items: Item[] = [];
  for (let count = reader.readLong(); count > 0; count = reader.readLong())
    for (let index = 0; index < count; index++) items.push(read());
  return items;
}

function readLink(reader: AvroReader): Link {
  return { destination: readMac(reader), source: readMac(reader), vlans: readArray(reader, () => reader.readLong()) };
}

function readTunnels(reader: AvroReader): readonly Tunnel[] {
  return readArray(reader, () => ({
    type: tunnelTypeSymbols[reader.readLong()]!,
    id: reader.readLong(),
    source: readAddress(reader),
    destination: readAddress(reader),
  }));
}

function readFragment(reader: AvroReader): Frame['fragment'] {
  if (!reader.readBoolean()) return undefined;
  return {
    isLast: reader.readBoolean(),
    id: reader.readLong(),
    offset: reader.readLong(),
    length: reader.readLong(),
  };
}

function readTcp(reader: AvroReader): Tcp {
  const long = (): number => reader.readLong();
  const first = {
    sequence: long(),
    acknowledgment: long(),
    flags: long(),
    window: long(),
    windowScale: long(),
    maxSegmentSize: long(),
  };
  const hasTimestamps = reader.readBoolean();
  const timestamps = [long(), long()] as const;
  const maySack = reader.readBoolean();
  const sacks = Array.from({ length: long() }, () => [long(), long()] as const);
  return { ...first, timestamps: hasTimestamps ? timestamps : undefined, maySack, sacks };
}

function readIcmp(reader: AvroReader): Frame['icmp'] {
  const [type, code] = [reader.readLong(), reader.readLong()];
  if (!reader.readBoolean()) return { type, code, quoted: undefined };
  const protocol = reader.readLong();
  const [source, destination] = [readAddress(reader), readAddress(reader)];
  const ports = [reader.readLong(), reader.readLong()];
  return { type, code, quoted: `${protocol} ${source} ${ports[0]} ${destination} ${ports[1]}` };
}

function readFrame(reader: AvroReader): Frame {
  const long = (): number => reader.readLong();
  const head = {
    timeNs: reader.readBigLong(),
    wireLength: long(),
    captured: long(),
    interface: long(),
    isJoined: reader.readBoolean(),
    unparsed: unparsedNames[long()]!,
    packetType: long(),
    interfaceIndex: long(),
    link: readLink(reader),
    innerLink: readLink(reader),
    tunnels: readTunnels(reader),
    ipVersion: long(),
    hopLimit: long(),
    ipId: long(),
    source: readAddress(reader),
    destination: readAddress(reader),
    fragment: readFragment(reader),
  };
  const protocol = long();
  return {
    ...head,
    protocol,
    sourcePort: long(),
    destinationPort: long(),
    tcp: protocol === 6 ? readTcp(reader) : undefined,
    icmp: protocol === 1 || protocol === 58 ? readIcmp(reader) : undefined,
    payloadAt: long(),
    payloadCaptured: long(),
    payloadLength: long(),
  };
}

/** Reads a whole capture file, in chunks of a size. */
export function readFrames(
  file: Buffer,
  chunkBytes = file.length,
): { readonly frames: readonly Frame[]; readonly error: string | undefined } {
  const reader = loadNative().createFrameReader();
  const frames: Frame[] = [];
  for (let at = 0; at < file.length; at += chunkBytes) {
    const batch = new AvroReader(reader.read(file.subarray(at, at + chunkBytes)).frames);
    while (batch.position < batch.buffer.length) frames.push(readFrame(batch));
  }
  return { frames, error: reader.end() };
}
