/** Characters of all texts that are kept: services, endpoints and errors of most traces take a few thousand. */
const maxCharacters = 32_000_000;
const leftOut = '…';

/** Texts, each once; spans have their numbers. Beyond a bound, new texts are left out. */
export class TextList {
  readonly texts: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #maxCharacters: number;
  #characters = 0;
  #isCut = false;

  constructor(characters = maxCharacters) {
    this.#maxCharacters = characters;
  }

  /** Some texts were left out. */
  get isCut(): boolean {
    return this.#isCut;
  }

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#characters += text.length;
    if (this.#characters > this.#maxCharacters && text !== leftOut && text !== '') {
      this.#characters -= text.length;
      this.#isCut = true;
      return this.numberOf(leftOut);
    }
    this.#numbers.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }
}
