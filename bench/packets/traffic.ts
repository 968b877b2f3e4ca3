/** Packets of many connections as capture files, in chunks. */
import { pcap } from '../../native/packets/testing/capture-builder.ts';
import { etherTypes, ethernet, flags, ipProtocols, ipv4, tcp } from '../../native/packets/testing/packets.ts';

const request = Buffer.from(
  'GET /api/orders/4711 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench\r\nAccept: */*\r\nX-Request-ID: 0123456789\r\n\r\n',
);
const body = '{"order":4711,"state":"paid"}'.repeat(12);
const response = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
);

const server = '10.0.0.2';
const clientOf = (flow: number): string => `10.${1 + (flow >> 16)}.${(flow >> 8) & 0xff}.${flow & 0xff}`;

/** One packet of a connection to port 80. */
function packet(flow: number, isClient: boolean, bits: number, numbers: [number, number], payload = Buffer.alloc(0)) {
  const [sequence, acknowledgment] = numbers;
  const ports = isClient ? { sourcePort: 40_000, destinationPort: 80 } : { sourcePort: 80, destinationPort: 40_000 };
  const bytes = tcp(payload, { ...ports, sequence, acknowledgment, flags: bits });
  const ends = isClient
    ? { source: clientOf(flow), destination: server }
    : { source: server, destination: clientOf(flow) };
  return ethernet(etherTypes.ipv4, ipv4(ipProtocols.tcp, bytes, ends));
}

/** Handshakes of connections: three packets each. */
export function handshakes(from: number, to: number): Buffer[] {
  const packets: Buffer[] = [];
  for (let flow = from; flow < to; flow++)
    packets.push(
      packet(flow, true, flags.syn, [999, 0]),
      packet(flow, false, flags.syn | flags.ack, [4999, 1000]),
      packet(flow, true, flags.ack, [1000, 5000]),
    );
  return packets;
}

/** First packets of connections that never come about. */
export function syns(from: number, to: number): Buffer[] {
  return Array.from({ length: to - from }, (_, index) => packet(from + index, true, flags.syn, [999, 0]));
}

/** A request and its response of each connection, four packets with the acknowledgments, for the nth time. */
export function exchanges(from: number, to: number, nth: number): Buffer[] {
  const [asked, answered] = [1000 + nth * request.length, 5000 + nth * response.length];
  const packets: Buffer[] = [];
  for (let flow = from; flow < to; flow++) {
    const [read, done] = [asked + request.length, answered + response.length];
    packets.push(
      packet(flow, true, flags.push | flags.ack, [asked, answered], request),
      packet(flow, false, flags.ack, [answered, read]),
      packet(flow, false, flags.push | flags.ack, [answered, read], response),
      packet(flow, true, flags.ack, [read, done]),
    );
  }
  return packets;
}

/** A first request of each connection that nobody acknowledges. */
export function openRequests(from: number, to: number): Buffer[] {
  return Array.from({ length: to - from }, (_, index) =>
    packet(from + index, true, flags.ack, [1000, 5000], Buffer.alloc(512, 'G')),
  );
}

/** Unix time in nanoseconds of the first packet. */
export const startNs = 1_700_000_000_000_000_000n;

/** Turns packets into pieces of one capture file, microseconds apart. */
export class CaptureChunks {
  #count = 0;

  chunk(packets: readonly Buffer[]): Buffer {
    const isFirst = this.#count === 0;
    const records = packets.map((bytes) => ({ bytes, timeNs: startNs + BigInt(this.#count++) * 1000n }));
    const file = pcap(records, { isNanoseconds: true });
    return isFirst ? file : file.subarray(24);
  }
}
