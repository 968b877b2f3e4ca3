/** Capture files of ordinary shape: each kind of file, each kind of tunnel. */
import { pcap, PcapngBlocks } from '../native/packets/testing/capture-builder.ts';
import { encapsulations } from '../native/packets/testing/encapsulations.ts';
import {
  addresses,
  etherTypes,
  ethernet,
  flags,
  fragment6,
  ipProtocols,
  ipv4,
  ipv6,
  tcp,
  udp,
} from '../native/packets/testing/packets.ts';

/** Read in one piece: the first byte is the size of chunks. */
const whole = Buffer.from([0]);

function fragments(): readonly { readonly bytes: Buffer }[] {
  const datagram = udp(Buffer.alloc(24, 'x'));
  const parts = [0, 16].map((offset) => ({ offset, more: offset === 0, id: 1 }));
  const part = (offset: number): Buffer => datagram.subarray(offset, offset + 16);
  return [
    ...parts.map((options) => ethernet(etherTypes.ipv4, ipv4(ipProtocols.udp, part(options.offset), options))),
    ...parts.map((options) =>
      ethernet(etherTypes.ipv6, ipv6(44, fragment6(ipProtocols.udp, part(options.offset), options))),
    ),
  ].map((bytes) => ({ bytes }));
}

/** A connection with all that may go wrong on its way. */
function connection(): readonly { readonly bytes: Buffer }[] {
  const segment = (isClient: boolean, bits: number, sequence: number, acknowledgment: number, text = '') => {
    const ports = isClient ? {} : { sourcePort: 80, destinationPort: 40000 };
    const bytes = tcp(Buffer.from(text), { ...ports, sequence, acknowledgment, flags: bits });
    const ends = isClient ? {} : { source: addresses.server, destination: addresses.client };
    return { bytes: ethernet(etherTypes.ipv4, ipv4(ipProtocols.tcp, bytes, ends)) };
  };
  const { syn, ack, push, fin, reset } = flags;
  return [
    ...[segment(true, syn, 0, 0), segment(false, syn | ack, 100, 1), segment(true, ack, 1, 101)],
    ...[
      segment(true, ack, 5, 101, 'late'),
      segment(true, ack, 1, 101, 'some'),
      segment(true, ack | push, 3, 101, 'other'),
    ],
    ...[
      segment(false, ack, 101, 20),
      segment(false, ack | push, 101, 20, 'answer'),
      segment(true, ack | push, 40, 107, 'x'),
    ],
    ...[segment(true, fin | ack, 41, 107), segment(false, fin | ack, 107, 42), segment(true, reset, 42, 0)],
  ];
}

export function captureFiles(): readonly Buffer[] {
  const singles = encapsulations.map(({ bytes, linkType }) => pcap([{ bytes }], { linkType }));
  const frames = encapsulations.filter(({ linkType }) => linkType === 1);
  const sections = [false, true].map((isBig) => {
    const blocks = new PcapngBlocks(isBig);
    const packets = frames.slice(0, 4).map(({ bytes }) => blocks.enhanced(bytes));
    const described = [blocks.section(), blocks.interface(1, { resolution: 9, offsetS: 1n })];
    return Buffer.concat([
      ...described,
      ...packets,
      blocks.simple(frames[0]!.bytes),
      blocks.obsolete(frames[1]!.bytes),
    ]);
  });
  const files = [
    ...singles,
    pcap(frames),
    pcap(fragments(), { isBig: true, isNanoseconds: true }),
    pcap(connection()),
    ...sections,
  ];
  return files.map((file) => Buffer.concat([whole, file]));
}
