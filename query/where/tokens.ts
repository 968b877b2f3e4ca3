/** Text of a condition to tokens. */

export interface Token {
  readonly kind: 'word' | 'text' | 'symbol' | 'end';
  /** Of a quoted text, what it means. */
  readonly text: string;
  /** Where it begins, in characters from 1. */
  readonly position: number;
}

/** Why a text is no condition. */
export class WhereError extends Error {
  readonly position: number;

  constructor(position: number, message: string) {
    super(`at character ${position}: ${message}`);
    this.name = 'WhereError';
    this.position = position;
  }
}

const symbols = ['!=', '!~', '<=', '>=', '<', '>', '=', '~', '(', ')', ','] as const;
/** Also names with dots, dashes, slashes and colons need no quotes, unless a keyword or a symbol is meant. */
const wordPattern = /[\p{L}\p{N}_*][\p{L}\p{N}_*.:/@-]*/uy;
const spacePattern = /\s*/uy;

/** @throws WhereError */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    spacePattern.lastIndex = at;
    at += spacePattern.exec(text)![0].length;
    const position = at + 1;
    if (at >= text.length) {
      tokens.push({ kind: 'end', text: '', position });
      return tokens;
    }
    const symbol = symbols.find((candidate) => text.startsWith(candidate, at));
    const quote = text[at]!;
    if (symbol !== undefined) {
      tokens.push({ kind: 'symbol', text: symbol, position });
      at += symbol.length;
    } else if (quote === "'" || quote === '"') {
      const { value, end } = quotedText(text, at);
      tokens.push({ kind: 'text', text: value, position });
      at = end;
    } else {
      wordPattern.lastIndex = at;
      const word = wordPattern.exec(text)?.[0];
      if (word === undefined) throw new WhereError(position, `${JSON.stringify(quote)} means nothing here`);
      tokens.push({ kind: 'word', text: word, position });
      at += word.length;
    }
  }
}

/** A backslash makes a quote or a backslash plain; before anything else it is a plain character itself. */
function quotedText(text: string, start: number): { readonly value: string; readonly end: number } {
  const quote = text[start]!;
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at]!;
    if (character === quote) return { value, end: at + 1 };
    const next = text[at + 1];
    if (character === '\\' && (next === quote || next === '\\')) {
      value += next;
      at++;
    } else value += character;
  }
  throw new WhereError(start + 1, `the text that begins here has no closing ${quote}`);
}
