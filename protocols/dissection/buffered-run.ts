import type { Dissector, Segment } from './dissector.ts';

/**
 * What one end of a socket sent in one go, while it is undecided what it is. State: copies of at
 * most 64 segments with 512 bytes together (a message may come in single bytes); of what may be a request, whatever goes beyond
 * stays as bytes that were not captured.
 */

const maxSegments = 64;
const maxBytes = 512;
const noBytes: Buffer = Buffer.alloc(0);

/** Which end of the socket a segment came from, as the host sees it. */
export type SocketEnd = 'local' | 'remote';

/** The segments of one run; see the top of the file. */
export class BufferedRun<Origin> {
  readonly from: SocketEnd;
  /** The protocol that it is of, once it is only open which end asks. */
  dissector: Dissector | undefined;
  /** Bytes that were moved. */
  length = 0;
  private capturedBytes = 0;
  private readonly segments: Segment<Origin>[] = [];

  constructor(from: SocketEnd) {
    this.from = from;
  }

  /** The bytes so far and those of the next segment. */
  join(segment: Segment<Origin>): Buffer {
    if (this.segments.length === 0) return segment.bytes;
    return Buffer.concat([...this.segments.map((one) => one.bytes), segment.bytes]);
  }

  /** Keeps a segment that has to be read on from its end; false when it cannot be. */
  add(segment: Segment<Origin>): boolean {
    const isWhole = segment.length <= segment.bytes.length;
    if (!isWhole || this.capturedBytes + segment.bytes.length > maxBytes) return false;
    const last = this.segments.at(-1);
    if (last === undefined || this.segments.length < maxSegments) {
      this.keep(segment);
      return true;
    }
    // The message began long before: these bytes may as well have come together with the ones before them.
    const bytes = Buffer.concat([last.bytes, segment.bytes]);
    this.segments[this.segments.length - 1] = { ...last, bytes, length: bytes.length };
    this.length += segment.length;
    this.capturedBytes += segment.bytes.length;
    return true;
  }

  /** Keeps a segment as far as there is room; the rest counts as not captured. */
  addRest(segment: Segment<Origin>): void {
    if (this.segments.length < maxSegments) {
      this.keep(segment);
      return;
    }
    const last = this.segments[this.segments.length - 1]!;
    this.segments[this.segments.length - 1] = { ...last, length: last.length + segment.length };
    this.length += segment.length;
  }

  /** Hands the segments over, in order. */
  replay(read: (segment: Segment<Origin>) => void): void {
    for (const segment of this.segments) read(segment);
  }

  /** Copies, so that a few waiting bytes do not keep the whole batch they came in alive. */
  private keep(segment: Segment<Origin>): void {
    const room = maxBytes - this.capturedBytes;
    const bytes = segment.bytes.length === 0 || room <= 0 ? noBytes : Buffer.from(segment.bytes.subarray(0, room));
    this.segments.push({ ...segment, bytes });
    this.length += segment.length;
    this.capturedBytes += bytes.length;
  }
}
