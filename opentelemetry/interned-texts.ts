/**
 * Texts that were made from the same bytes lately: most keys, names and hosts come again and again, and finding one is several
 * times as fast as making it. A table of fixed size in which a text takes the place of the one before it with the same hash.
 */

const slots = 2048;
/** Longer texts seldom come again. */
const maxBytes = 64;

const hashOf = (bytes: Uint8Array, start: number, end: number): number => {
  let hash = 0x811c9dc5;
  for (let index = start; index < end; index++) hash = Math.imul(hash ^ bytes[index]!, 0x01000193);
  return hash ^ (hash >>> 15);
};

/** The texts; see the top of the file. */
export class InternedTexts {
  readonly #bytes = Buffer.alloc(slots * maxBytes);
  readonly #lengths = new Uint8Array(slots);
  readonly #texts: string[] = new Array<string>(slots).fill('');

  /** The run as UTF-8; what is none becomes U+FFFD. */
  textOf(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length > maxBytes) return bytes.toString('utf8', start, end);
    if (length <= 0) return '';
    const slot = hashOf(bytes, start, end) & (slots - 1);
    const at = slot * maxBytes;
    if (this.#lengths[slot] === length && this.#isAt(at, bytes, start, length)) return this.#texts[slot]!;
    const text = bytes.toString('utf8', start, end);
    bytes.copy(this.#bytes, at, start, end);
    this.#lengths[slot] = length;
    this.#texts[slot] = text;
    return text;
  }

  #isAt(at: number, bytes: Buffer, start: number, length: number): boolean {
    const known = this.#bytes;
    for (let index = 0; index < length; index++) if (known[at + index] !== bytes[start + index]) return false;
    return true;
  }
}
