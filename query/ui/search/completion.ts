/** Completion of a condition of docs/query.md: which word is being typed, and what it may be. */

/** What is being typed. */
export interface WhereWord {
  /** Where the word begins and ends. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** The field whose value it is; undefined where it is the name of a field itself. */
  readonly field?: string;
}

const valuePattern =
  /((?:client\.|server\.)?(?:\w+)(?:\([^)]*\))?)\s*(?:!=|=|!~|~|like|in\s*\((?:[^()]*,)?)\s*('[^']*|"[^"]*|[\w./:-]*)$/i;

/** The word before the caret. */
export function wordAt(where: string, caret: number): WhereWord {
  const before = where.slice(0, caret);
  const value = valuePattern.exec(before);
  if (value !== null) {
    const raw = value[2]!;
    return { from: caret - raw.length, to: caret, text: raw.replace(/^['"]/, ''), field: value[1]! };
  }
  const name = /[\w.(/-]*$/.exec(before)![0];
  return { from: caret - name.length, to: caret, text: name };
}

/** The condition with the word replaced. */
export function withWord(where: string, word: WhereWord, chosen: string): string {
  const text = word.field === undefined ? `${chosen} = ` : `${quoted(chosen)} `;
  return where.slice(0, word.from) + text + where.slice(word.to).trimStart();
}

/** A value as a condition writes it: docs/query.md. */
export function quoted(value: string): string {
  const isPlain = /^[A-Za-z0-9_][\w-]*$/.test(value) && !/^(and|or|not|in|like)$/i.test(value);
  return isPlain ? value : `'${value.replaceAll(/['\\]/g, '\\$&')}'`;
}

/** Fields that begin with the text, or have a part that does. */
export function matchingFields(fields: readonly string[], text: string): readonly string[] {
  const wanted = text.toLowerCase();
  const begin = fields.filter((field) => field.toLowerCase().startsWith(wanted));
  const within = fields.filter((field) => !begin.includes(field) && field.toLowerCase().includes(wanted));
  return [...begin, ...within].slice(0, 12);
}
