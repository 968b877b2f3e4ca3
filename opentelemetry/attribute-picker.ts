/**
 * Picks wanted attributes out of lists of KeyValue in protobuf. An attribute that nobody wants costs a look at its key: no text
 * and no object is made of it. Of one that is wanted only the place of its value is kept, until it is asked for.
 */
import { decimalAt } from '../protocols/dissection/ascii.ts';
import { InternedTexts } from './interned-texts.ts';
import { type ProtobufReader, wireTypes } from './protobuf-reader.ts';

/** Fields of opentelemetry.proto.common.v1. */
const keyValue = { key: 1, value: 2 } as const;
const anyValue = { string: 1, integer: 3, double: 4 } as const;

const kinds = { none: 0, text: 1, integer: 2, double: 3 } as const;

interface Wanted {
  readonly key: Buffer;
  readonly index: number;
}

const buckets = 256;
const texts = new InternedTexts();

/** Wanted attributes of one list after another. */
export class AttributePicker<Name extends string> {
  readonly #indexes: Readonly<Record<Name, number>>;
  readonly #wanted: readonly (readonly Wanted[])[];
  readonly #kinds: Uint8Array;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #reader: ProtobufReader;

  /**
   * @param keys of the attributes
   * @param reader what the lists are read with
   */
  constructor(keys: Readonly<Record<Name, string>>, reader: ProtobufReader) {
    const names = Object.keys(keys) as Name[];
    this.#indexes = Object.fromEntries(names.map((name, index) => [name, index])) as Record<Name, number>;
    const wanted = Array.from({ length: buckets }, (): Wanted[] => []);
    for (const [index, name] of names.entries()) {
      const key = Buffer.from(keys[name]);
      wanted[bucketOf(key, 0, key.length)]!.push({ key, index });
    }
    this.#wanted = wanted;
    this.#kinds = new Uint8Array(names.length);
    this.#starts = new Int32Array(names.length);
    this.#ends = new Int32Array(names.length);
    this.#reader = reader;
  }

  /** Forgets the values of the list before. */
  clear(): void {
    this.#kinds.fill(kinds.none);
  }

  /** Reads the KeyValue that the reader has found. Of a key that is there twice the last value counts. */
  take(): void {
    const reader = this.#reader;
    const outer = reader.enter();
    let index = -1;
    let start = -1;
    let end = -1;
    while (reader.next())
      if (reader.wireType !== wireTypes.bytes) reader.skip();
      else {
        const from = reader.readSpan();
        if (reader.field === keyValue.key) index = this.#find(reader.buffer, from, reader.position);
        else if (reader.field === keyValue.value) {
          start = from;
          end = reader.position;
        }
      }
    if (index >= 0) {
      this.#kinds[index] = kinds.none;
      if (start >= 0) this.#takeValue(index, start, end);
    }
    reader.leave(outer);
  }

  /** A text, at most so many bytes of it, ended between characters; empty for other types. */
  text(name: Name, maxBytes: number): string {
    const index = this.#indexes[name];
    if (this.#kinds[index] !== kinds.text) return '';
    return boundedText(this.#reader.buffer, this.#starts[index]!, this.#ends[index]!, maxBytes);
  }

  /** A text, or an integer in decimal digits. */
  textOrInteger(name: Name, maxBytes: number): string {
    const index = this.#indexes[name];
    return this.#kinds[index] === kinds.integer ? String(this.#integerAt(index)) : this.text(name, maxBytes);
  }

  /** A whole number from 0 to `greatest`, also one that is written as a text; 0 for anything else. */
  number(name: Name, greatest: number): number {
    const index = this.#indexes[name];
    let value = 0;
    switch (this.#kinds[index]) {
      case kinds.integer:
        value = Number(this.#integerAt(index));
        break;
      case kinds.double:
        value = this.#reader.buffer.readDoubleLE(this.#starts[index]);
        break;
      case kinds.text:
        value = decimalAt(this.#reader.buffer, this.#starts[index]!, this.#ends[index]!);
        break;
    }
    return Number.isInteger(value) && value > 0 && value <= greatest ? value : 0;
  }

  /** Whether there is a value of a type that is read. */
  has(name: Name): boolean {
    return this.#kinds[this.#indexes[name]] !== kinds.none;
  }

  #find(buffer: Buffer, start: number, end: number): number {
    if (start === end) return -1;
    for (const { key, index } of this.#wanted[bucketOf(buffer, start, end)]!)
      if (key.length === end - start && isAt(key, buffer, start)) return index;
    return -1;
  }

  #takeValue(index: number, start: number, end: number): void {
    const reader = this.#reader;
    const { position, end: outer } = reader;
    reader.position = start;
    reader.end = end;
    while (reader.next()) {
      const { field, wireType } = reader;
      const at = reader.position;
      if (field === anyValue.string && wireType === wireTypes.bytes) {
        this.#starts[index] = reader.readSpan();
        this.#ends[index] = reader.position;
        this.#kinds[index] = kinds.text;
        continue;
      }
      reader.skip();
      if (field === anyValue.integer && wireType === wireTypes.varint) this.#kinds[index] = kinds.integer;
      else if (field === anyValue.double && wireType === wireTypes.fixed64) this.#kinds[index] = kinds.double;
      else continue;
      this.#starts[index] = at;
      this.#ends[index] = reader.position;
    }
    reader.position = position;
    reader.end = outer;
  }

  #integerAt(index: number): bigint {
    const reader = this.#reader;
    const { position, end } = reader;
    reader.position = this.#starts[index]!;
    reader.end = this.#ends[index]!;
    const value = reader.readInt64();
    reader.position = position;
    reader.end = end;
    return value;
  }
}

/** A run as UTF-8, at most so many bytes of it, ended between characters. */
export function boundedText(buffer: Buffer, start: number, end: number, maxBytes: number): string {
  let last = end;
  if (end - start > maxBytes) {
    last = start + maxBytes;
    // Bytes that go on with a character have the two highest bits 10; there are three at most.
    for (let back = 0; back < 3 && last > start && (buffer[last]! & 0xc0) === 0x80; back++) last--;
  }
  return texts.textOf(buffer, start, last);
}

/** Keys differ in their length, their end and their middle. */
function bucketOf(key: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const mixed = Math.imul(key[end - 1]!, 31) + Math.imul(key[start + (length >> 1)]!, 7) + Math.imul(length, 131);
  return (mixed + key[start]!) & (buckets - 1);
}

function isAt(key: Buffer, buffer: Buffer, start: number): boolean {
  for (let index = 0; index < key.length; index++) if (key[index] !== buffer[start + index]) return false;
  return true;
}
