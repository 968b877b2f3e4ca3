/** The words of a text, in its order. */
export function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}

/** A list of words that the redaction on the host needs too: `npm run generate` makes a C++ array of it. */
export interface WordTable {
  /** Name of the array, in the namespace `spanloom::redaction`. */
  readonly name: string;
  /** `upper-sorted` is for a binary search. */
  readonly form: 'lower' | 'upper-sorted';
  readonly words: readonly string[];
}
