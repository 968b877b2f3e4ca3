/** Builds answers of rtnetlink(7). */

/** NLM_F_DUMP_INTR: the list changed while it was read. */
export const interrupted = 0x10;
const multipart = 0x2;
const alignment = 4;

function aligned(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((alignment - (bytes.length % alignment)) % alignment)]);
}

function message(type: number, body: Buffer, { sequence = 1, messageFlags = 0 } = {}): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(header.length + body.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(multipart | messageFlags, 6);
  header.writeUInt32LE(sequence, 8);
  return aligned(Buffer.concat([header, body]));
}

function attribute(type: number, value: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16LE(header.length + value.length, 0);
  header.writeUInt16LE(type, 2);
  return aligned(Buffer.concat([header, value]));
}

interface MessageFields {
  readonly sequence?: number;
  readonly messageFlags?: number;
}

/** RTM_NEWLINK of an interface that is half of a virtual pair. */
export function link(index: number, name: string, fields: MessageFields = {}): Buffer {
  const fixed = Buffer.alloc(16);
  fixed.writeUInt16LE(1, 2);
  fixed.writeInt32LE(index, 4);
  fixed.writeUInt32LE(1, 8);
  const attributes = [
    attribute(3, Buffer.from(`${name}\0`)),
    attribute(1, Buffer.from([2, 0, 0, 0, 0, index])),
    attribute(5, Buffer.from([index + 1, 0, 0, 0])),
    attribute(18, attribute(1, Buffer.from('veth\0'))),
  ];
  return message(16, Buffer.concat([fixed, ...attributes]), fields);
}

/** RTM_NEWADDR of an IPv4 address. */
export function address(index: number, last: number): Buffer {
  const fixed = Buffer.from([2, 24, 0, 0, index, 0, 0, 0]);
  const own = Buffer.from([10, 0, 0, last]);
  return message(20, Buffer.concat([fixed, attribute(1, own), attribute(2, own)]));
}

/** RTM_NEWNEIGH: of an address, or of a port of a bridge. */
export function neighbour(index: number, last: number, isBridge = false): Buffer {
  const fixed = Buffer.from([isBridge ? 7 : 2, 0, 0, 0, index, 0, 0, 0, 2, 0, 0, 0]);
  const mac = attribute(2, Buffer.from([2, 0, 0, 0, 1, last]));
  return message(28, Buffer.concat([fixed, ...(isBridge ? [] : [attribute(1, Buffer.from([10, 0, 0, last]))]), mac]));
}

/** RTM_NEWROUTE to one IPv4 address. */
export function route(index: number, last: number): Buffer {
  const fixed = Buffer.from([2, 32, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0]);
  const interfaceNumber = attribute(4, Buffer.from([index, 0, 0, 0]));
  return message(24, Buffer.concat([fixed, attribute(1, Buffer.from([10, 0, 0, last])), interfaceNumber]));
}

/** NLMSG_DONE, with an error number or 0. */
export function done(fields: MessageFields & { readonly error?: number } = {}): Buffer {
  const body = Buffer.alloc(4);
  body.writeInt32LE(-(fields.error ?? 0));
  return message(3, body, fields);
}

/** NLMSG_ERROR. */
export function failure(fields: MessageFields = {}): Buffer {
  return message(2, Buffer.from([0xf0, 0xff, 0xff, 0xff]), fields);
}
