/** Text of a query in TraceQL to tokens. */
import { goDurationNs } from '../opentelemetry/go-duration.ts';
import { TraceqlError, type TraceqlValue } from './traceql.ts';

export interface Token {
  readonly kind: 'name' | 'value' | 'symbol' | 'end';
  /** As it was written; of a name, without the quotes of its parts. */
  readonly text: string;
  /** Of a value. */
  readonly value?: TraceqlValue;
  /** Where it begins, in characters from 1. */
  readonly position: number;
}

/** Longer ones first where one begins another. */
const symbols = [
  ...['&&', '||', '=~', '!~', '!=', '>=', '<=', '>>', '<<', '!>>', '!<<', '{', '}', '(', ')', '|', ',', '='],
  ...['>', '<', '!', '~', '+', '-', '*', '/', '%', '^', '&'],
];
const spacePattern = /\s*/uy;
/** Letters, digits and what OpenTelemetry's names are made of; a part in quotes may have anything. */
const namePattern = /(?:[\p{L}_.][\p{L}\p{N}_.:\-/@]*(?:"(?:[^"\\]|\\.)*"[\p{L}\p{N}_.:\-/@]*)*)/uy;
const durationPattern = /(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+(?![\p{L}\p{N}_])/uy;
const numberPattern = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?(?![\p{L}\p{N}_])/uy;

/** @throws TraceqlError */
export function traceqlTokens(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += matchAt(spacePattern, text, at)!.length;
    const position = at + 1;
    if (at >= text.length) return [...tokens, { kind: 'end', text: '', position }];
    const token = tokenAt(text, at, position);
    tokens.push(token);
    at += token.length;
  }
}

function tokenAt(text: string, at: number, position: number): Token & { readonly length: number } {
  const first = text[at]!;
  if (first === '"' || first === '`') {
    const { value, end } = quotedText(text, at);
    return { kind: 'value', text: value, value: { kind: 'text', text: value }, position, length: end - at };
  }
  const duration = matchAt(durationPattern, text, at);
  if (duration !== undefined)
    return {
      kind: 'value',
      text: duration,
      value: { kind: 'duration', ns: goDurationNs(duration)! },
      position,
      length: duration.length,
    };
  const number = matchAt(numberPattern, text, at);
  if (number !== undefined)
    return {
      kind: 'value',
      text: number,
      value: { kind: 'number', value: Number(number) },
      position,
      length: number.length,
    };
  const symbol = symbols.find((candidate) => text.startsWith(candidate, at));
  if (symbol !== undefined) return { kind: 'symbol', text: symbol, position, length: symbol.length };
  const name = matchAt(namePattern, text, at);
  if (name === undefined) throw new TraceqlError(position, `${JSON.stringify(first)} means nothing here`);
  return {
    kind: 'name',
    text: name.replaceAll(/"((?:[^"\\]|\\.)*)"/gu, (_, part: string) => unescaped(part)),
    position,
    length: name.length,
  };
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const unescaped = (text: string): string => text.replaceAll(/\\(["\\])/gu, '$1');

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** In quotes as in Go: a backslash escapes; between backticks everything is plain. */
function quotedText(text: string, start: number): { readonly value: string; readonly end: number } {
  const quote = text[start]!;
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at]!;
    if (character === quote) return { value, end: at + 1 };
    const next = text[at + 1];
    if (quote === '"' && character === '\\' && next !== undefined) {
      // What is no escape of a text is one of a regular expression, such as \d, and stays as it is.
      value += next === '"' || next === '\\' ? next : (escapes[next] ?? `\\${next}`);
      at++;
    } else value += character;
  }
  throw new TraceqlError(start + 1, `the text that begins here has no closing ${quote}`);
}
