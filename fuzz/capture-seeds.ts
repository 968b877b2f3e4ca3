/** Capture files of ordinary shape: each kind of file, each kind of tunnel. */
import { pcap, PcapngBlocks } from '../native/packets/testing/capture-builder.ts';
import { encapsulations } from '../native/packets/testing/encapsulations.ts';
import { etherTypes, ethernet, fragment6, ipProtocols, ipv4, ipv6, udp } from '../native/packets/testing/packets.ts';

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
  const files = [...singles, pcap(frames), pcap(fragments(), { isBig: true, isNanoseconds: true }), ...sections];
  return files.map((file) => Buffer.concat([whole, file]));
}
