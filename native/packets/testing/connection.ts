/** Builds connections of TCP, packet by packet. */
import type { CapturedRecord } from './capture-builder.ts';
import { addresses, etherTypes, ethernet, flags, ipProtocols, ipv4, tcp } from './packets.ts';

const { syn, ack } = flags;
/** The client's initial sequence number. */
export const clientStart = 1000;
const serverStart = 5000;
const client = { address: addresses.client, port: 40000 };
const server = { address: addresses.server, port: 80 };

export interface Fields {
  /** From the first byte after the SYN on, each side's own. */
  readonly at?: number;
  readonly acks?: number;
  readonly window?: number;
  readonly ports?: readonly [number, number];
}

/** A packet of a connection, so many milliseconds after the first one. */
export function packet(atMs: number, from: 'C' | 'S', bits: number, data = '', fields: Fields = {}): CapturedRecord {
  const isClient = from === 'C';
  const [own, other] = isClient ? [clientStart, serverStart] : [serverStart, clientStart];
  const { at = 0, acks = 0, window = 1000, ports = [client.port, server.port] } = fields;
  const segment = tcp(Buffer.from(data, 'latin1'), {
    sourcePort: ports[isClient ? 0 : 1],
    destinationPort: ports[isClient ? 1 : 0],
    sequence: (own + ((bits & syn) === 0 ? 1 : 0) + at) >>> 0,
    acknowledgment: (bits & ack) === 0 ? 0 : other + 1 + acks,
    flags: bits,
    window,
  });
  const [source, destination] = isClient ? [client.address, server.address] : [server.address, client.address];
  const bytes = ethernet(etherTypes.ipv4, ipv4(ipProtocols.tcp, segment, { source, destination }));
  return { bytes, timeNs: 1_700_000_000_000_000_000n + BigInt(Math.round(atMs * 1e6)) };
}

/** SYN, SYN-ACK and ACK, within 15 milliseconds. */
export const handshake: readonly CapturedRecord[] = [
  packet(0, 'C', syn),
  packet(10, 'S', syn | ack),
  packet(15, 'C', ack),
];
