/** Bytes and steps that one value may cost whose schema is not ours, so that no message can hold a stage up. */
import type { AvroReader } from './avro-reader.ts';

/** Values inside one another: ours go 5 levels down. */
const maxDepth = 64;
/** Steps for values that take no bytes, for which the size of a message is no bound. */
const freeSteps = 65_536;
/** Steps for each byte: every value that takes a byte may be passed over once before it is read. */
const stepsForByte = 16;

/** What is left to spend on one value. */
export class DecodeBudget {
  #steps: number;
  #depth = 0;

  /** @param bytes size of the value */
  constructor(bytes: number) {
    this.#steps = freeSteps + stepsForByte * bytes;
  }

  /** Goes one level down; {@link leave} comes back up. */
  enter(reader: AvroReader): void {
    if (++this.#depth > maxDepth) reader.fail('values nested too deeply');
    this.spend(reader);
  }

  leave(): void {
    this.#depth--;
  }

  /** Pays for one value. */
  spend(reader: AvroReader): void {
    if (--this.#steps < 0) reader.fail('more values than a message of this size may have');
  }
}
