/** One character of a pattern. */
type Part = { readonly kind: 'any_text' | 'any_character' } | { readonly kind: 'plain'; readonly character: string };

/** Whether LIKE finds that a text is as the pattern says; in time proportional to both lengths multiplied. */
export function matchesLike(text: string, pattern: string): boolean {
  const parts = partsOf(pattern);
  let [at, part] = [0, 0];
  /** Where to go on when what follows the last `%` does not match: it takes one character more. */
  let again: { at: number; part: number } | undefined;
  while (at < text.length) {
    const expected = parts[part];
    if (expected?.kind === 'any_text') {
      part++;
      again = { at, part };
    } else if (expected?.kind === 'any_character' || (expected?.kind === 'plain' && expected.character === text[at])) {
      at++;
      part++;
    } else if (again === undefined) return false;
    else {
      again.at++;
      ({ at, part } = again);
    }
  }
  return parts.slice(part).every(({ kind }) => kind === 'any_text');
}

function partsOf(pattern: string): readonly Part[] {
  return (pattern.match(/\\[%_\\]|[^]/g) ?? []).map((text) => {
    if (text === '%') return { kind: 'any_text' };
    if (text === '_') return { kind: 'any_character' };
    return { kind: 'plain', character: text.at(-1)! };
  });
}
