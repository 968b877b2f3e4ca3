import fc from 'fast-check';
import type { Random } from '../../core/testing/random.ts';
import type { MarkedCall } from './marked.ts';

/** What tests, benches and fuzzing feed of a protocol: `protocols/<name>/testing/examples.ts` exports it as `examples`. */
export interface ProtocolExamples {
  /** Exchanges of every kind and size, for conversations that are cut anywhere. */
  readonly exchange: ExchangeMaker;
  /** The usual exchange, whose cost is measured. */
  readonly typical: (index: number) => Exchange;
  /** Its clients never ask before they have the response. */
  readonly waitsForResponses?: boolean;
  /** Texts that a fuzzer puts into inputs, Latin-1. */
  readonly dictionary: readonly string[];
  /** Messages with any content, whole or not, Latin-1: what redaction must survive. */
  readonly messages: readonly fc.Arbitrary<string>[];
  /** Conversations whose secrets are marked, by what they show; redaction covers these bytes and no others. */
  readonly secrets: Readonly<Record<string, readonly MarkedCall[]>>;
}

/** One request and its response, valid as they stand. */
export interface Exchange {
  readonly request: Buffer;
  readonly response: Buffer;
}

/** Makes the `index`-th exchange of a conversation. */
export type ExchangeMaker = (random: Random, index: number) => Exchange;

/** A text of less than `most` letters. */
export function anyText(random: Random, most: number): string {
  return 'abcdefghij'.repeat(1 + most / 10).slice(0, random.below(most));
}

/** A word with characters that mean something to some protocol. */
export const anyWord = fc.stringMatching(/^[a-z0-9 '"$\\*=&?:@/-]{0,24}$/);

/** A statement of SQL about a password. */
export const anyStatement = fc
  .tuple(
    fc.constantFrom(
      "create user bob password '?'",
      'ALTER ROLE bob WITH PassWord $x$?$x$ valid until',
      "set password for bob = password('?')",
      "do $a$ begin execute 'alter role x password ''?'''; end $a$",
      "/* ' */ select \"?\", '?', `?` -- ?",
      "select dblink('host=h password=? user=postgresql://a:?@h')",
      '/*! ? */ # ?',
    ),
    anyWord,
  )
  .map(([template, value]) => template.replaceAll('?', () => value));
