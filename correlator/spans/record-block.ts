import type { InputOffset } from '../input-offsets.ts';

/** Bytes of the shortest span: a byte for each field, eight for the confidence. */
const shortestSpanBytes = 90;
/** Numbers of one record in each of the two arrays. */
export const blockStride = 8;

/**
 * Data that the records of one message share, and their numbers in arrays (a struct of arrays). As object properties, each
 * number would take sixteen bytes or more, and the garbage collector would visit it.
 */
export class RecordBlock {
  /** The message; the records' bytes are parts of it. */
  readonly bytes: Buffer;
  readonly origin: InputOffset;
  /** Count of messages read when this one came. */
  readonly arrival: number;
  /** See the getters of SpanRecord for what is where. */
  readonly doubles: Float64Array;
  readonly ints: Int32Array;
  readonly startTimesNs: BigInt64Array;
  #count = 0;

  /** @param records how many there are, as the message says; `from` is where in its bytes they begin */
  constructor(bytes: Buffer, from: number, records: number, origin: InputOffset, arrival: number) {
    this.bytes = bytes;
    this.origin = origin;
    this.arrival = arrival;
    // A message that claims more records than it has is refused when reading reaches its end.
    const capacity = Math.min(records, Math.ceil((bytes.length - from) / shortestSpanBytes));
    const numbers = capacity * blockStride;
    const memory = new ArrayBuffer(8 * numbers + 8 * capacity + 4 * numbers);
    this.doubles = new Float64Array(memory, 0, numbers);
    this.startTimesNs = new BigInt64Array(memory, 8 * numbers, capacity);
    this.ints = new Int32Array(memory, 8 * numbers + 8 * capacity, numbers);
  }

  /** Where in the arrays one more record has its numbers. */
  claim(): number {
    return this.#count++ * blockStride;
  }
}
