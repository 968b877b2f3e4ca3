import { AvroReader } from '../../schemas/avro-reader.ts';
import type { InputOffset } from '../input-offsets.ts';
import { encodeLinkedRecords, type LinkedRecord, readLinkedRecords } from './linked-message.ts';

/** Spans of an emitted trace, as bytes: they take a fraction of the memory, and the garbage collector need not scan them. */
interface Packed {
  readonly value: Buffer;
  /** The message that each came with. */
  readonly origins: readonly InputOffset[];
  /** Bytes of the spans themselves. */
  readonly bytes: number;
}

/** The spans of a component by their keys. */
export class ComponentSpans {
  #records = new Map<string, LinkedRecord>();
  #packed: Packed | undefined;

  get size(): number {
    return this.#packed?.origins.length ?? this.#records.size;
  }

  /** Encoded size of all. */
  get bytes(): number {
    if (this.#packed !== undefined) return this.#packed.bytes;
    let bytes = 0;
    for (const { span } of this.#records.values()) bytes += span.bodyEnd - span.bodyStart;
    return bytes;
  }

  /** How many are in no trace yet. */
  get unemitted(): number {
    if (this.#packed !== undefined) return 0;
    let count = 0;
    for (const { span } of this.#records.values()) if (!span.isEmitted) count++;
    return count;
  }

  get(key: string): LinkedRecord | undefined {
    return this.#unpacked().get(key);
  }

  set(key: string, record: LinkedRecord): void {
    this.#unpacked().set(key, record);
  }

  values(): Iterable<LinkedRecord> {
    return this.#unpacked().values();
  }

  /** The message that each span came with. */
  origins(): readonly InputOffset[] {
    return this.#packed?.origins ?? Array.from(this.#records.values(), ({ span }) => span.origin);
  }

  /** Keeps only the bytes of the spans: all are in an emitted trace, until something new arrives. */
  pack(): void {
    if (this.#packed !== undefined) return;
    const [origins, bytes] = [this.origins(), this.bytes];
    const value = encodeLinkedRecords({ spans: [...this.#records.values()], moves: [], names: [] });
    this.#packed = { value, origins, bytes };
    this.#records = new Map();
  }

  #unpacked(): Map<string, LinkedRecord> {
    const packed = this.#packed;
    if (packed === undefined) return this.#records;
    this.#packed = undefined;
    const { spans } = readLinkedRecords(new AvroReader(packed.value), (index) => packed.origins[index]!, 0);
    for (const record of spans) {
      record.span.isEmitted = true;
      this.#records.set(record.span.key, record);
    }
    return this.#records;
  }
}
