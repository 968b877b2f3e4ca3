/** Builds capture files, pcap and pcapng, in all their variants. */

/** A frame in a capture file. */
export interface CapturedRecord {
  readonly bytes: Buffer;
  /** Unix time; a second later than that of the frame before, if not given. */
  readonly timeNs?: bigint;
  /** On the wire, if longer than what was captured. */
  readonly length?: number;
}

/** The first record's time, if not given, and the time between two. */
const firstNs = 1_700_000_000_000_000_000n;
const stepNs = 1_000_000_000n;

const timeOf = ({ timeNs }: CapturedRecord, index: number): bigint => timeNs ?? firstNs + BigInt(index) * stepNs;

/** Numbers in one of the byte orders. */
class Numbers {
  readonly #isBig: boolean;

  constructor(isBig: boolean) {
    this.#isBig = isBig;
  }

  u16(value: number): Buffer {
    const bytes = Buffer.alloc(2);
    if (this.#isBig) bytes.writeUInt16BE(value);
    else bytes.writeUInt16LE(value);
    return bytes;
  }

  u32(value: number): Buffer {
    const bytes = Buffer.alloc(4);
    if (this.#isBig) bytes.writeUInt32BE(value);
    else bytes.writeUInt32LE(value);
    return bytes;
  }

  i64(value: bigint): Buffer {
    const bytes = Buffer.alloc(8);
    if (this.#isBig) bytes.writeBigInt64BE(value);
    else bytes.writeBigInt64LE(value);
    return bytes;
  }
}

export interface PcapOptions {
  readonly linkType?: number;
  readonly isBig?: boolean;
  readonly isNanoseconds?: boolean;
  /** Kuznetzov's format, whose records have eight bytes more. */
  readonly isModified?: boolean;
}

export function pcap(records: readonly CapturedRecord[], options: PcapOptions = {}): Buffer {
  const { linkType = 1, isBig = false, isNanoseconds = false, isModified = false } = options;
  const to = new Numbers(isBig);
  const magic = isModified ? 0xa1b2cd34 : isNanoseconds ? 0xa1b23c4d : 0xa1b2c3d4;
  const header = Buffer.concat([
    to.u32(magic),
    to.u16(2),
    to.u16(4),
    to.u32(0),
    to.u32(0),
    to.u32(262144),
    to.u32(linkType),
  ]);
  const packets = records.map((record, index) => {
    const time = timeOf(record, index);
    const fraction = Number(time % stepNs);
    return Buffer.concat([
      to.u32(Number(time / stepNs)),
      to.u32(isNanoseconds ? fraction : Math.floor(fraction / 1000)),
      to.u32(record.bytes.length),
      to.u32(record.length ?? record.bytes.length),
      Buffer.alloc(isModified ? 8 : 0),
      record.bytes,
    ]);
  });
  return Buffer.concat([header, ...packets]);
}

/** Blocks of a pcapng file in one byte order. */
export class PcapngBlocks {
  readonly #to: Numbers;

  constructor(isBig = false) {
    this.#to = new Numbers(isBig);
  }

  block(type: number, body: Buffer): Buffer {
    const padded = Buffer.concat([body, Buffer.alloc(-body.length & 3)]);
    const length = this.#to.u32(padded.length + 12);
    return Buffer.concat([this.#to.u32(type), length, padded, length]);
  }

  #options(options: readonly (readonly [number, Buffer])[]): Buffer {
    if (options.length === 0) return Buffer.alloc(0);
    const each = options.map(([code, value]) =>
      Buffer.concat([this.#to.u16(code), this.#to.u16(value.length), value, Buffer.alloc(-value.length & 3)]),
    );
    return Buffer.concat([...each, this.#to.u32(0)]);
  }

  section(): Buffer {
    const to = this.#to;
    return this.block(0x0a0d0d0a, Buffer.concat([to.u32(0x1a2b3c4d), to.u16(1), to.u16(0), to.i64(-1n)]));
  }

  /** @param resolution as if_tsresol has it; @param offsetS as if_tsoffset */
  interface(
    linkType = 1,
    { snapLength = 0, resolution = undefined as number | undefined, offsetS = undefined as bigint | undefined } = {},
  ): Buffer {
    const options = this.#options([
      [2, Buffer.from('eth0')],
      ...(resolution === undefined ? [] : [[9, Buffer.from([resolution])] as const]),
      ...(offsetS === undefined ? [] : [[14, this.#to.i64(offsetS)] as const]),
    ]);
    return this.block(1, Buffer.concat([this.#to.u16(linkType), this.#to.u16(0), this.#to.u32(snapLength), options]));
  }

  enhanced(bytes: Buffer, { number = 0, ticks = 0n, length = bytes.length, comment = '' } = {}): Buffer {
    const padding = Buffer.alloc(-bytes.length & 3);
    const options = this.#options(comment === '' ? [] : [[1, Buffer.from(comment)]]);
    return this.block(
      6,
      Buffer.concat([this.#to.u32(number), this.#ticks(ticks), this.#lengths(bytes, length), bytes, padding, options]),
    );
  }

  obsolete(bytes: Buffer, { number = 0, ticks = 0n, drops = 0xffff } = {}): Buffer {
    const numbers = Buffer.concat([this.#to.u16(number), this.#to.u16(drops)]);
    return this.block(2, Buffer.concat([numbers, this.#ticks(ticks), this.#lengths(bytes, bytes.length), bytes]));
  }

  simple(bytes: Buffer, length = bytes.length): Buffer {
    return this.block(3, Buffer.concat([this.#to.u32(length), bytes]));
  }

  #ticks(ticks: bigint): Buffer {
    return Buffer.concat([this.#to.u32(Number(ticks >> 32n)), this.#to.u32(Number(ticks & 0xffffffffn))]);
  }

  #lengths(bytes: Buffer, length: number): Buffer {
    return Buffer.concat([this.#to.u32(bytes.length), this.#to.u32(length)]);
  }
}
