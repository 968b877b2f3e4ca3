/** A selector of spans in TraceQL, as data: what stands between the braces. */

/** What an attribute belongs to; `any` is a name with nothing but a dot in front. */
export type Scope = 'resource' | 'span' | 'any' | 'intrinsic';

/** What is asked about: an attribute, or what every span has (`name`, `duration`). */
export interface TraceqlField {
  readonly scope: Scope;
  readonly name: string;
}

export const comparisons = ['=', '!=', '=~', '!~', '>=', '<=', '>', '<'] as const;
export type Comparison = (typeof comparisons)[number];

export type TraceqlValue =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'duration'; readonly ns: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** A status (`error`) or a kind (`server`). */
  | { readonly kind: 'word'; readonly word: string }
  /** Nothing: an attribute that is not there. */
  | { readonly kind: 'nil' };

export type Selector =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Selector[] }
  | { readonly kind: 'not'; readonly term: Selector }
  | { readonly kind: 'always'; readonly holds: boolean }
  | {
      readonly kind: 'test';
      readonly field: TraceqlField;
      readonly comparison: Comparison;
      readonly value: TraceqlValue;
      /** Where it begins, in characters from 1. */
      readonly position: number;
    };

/** Why a text is no query that is answered here. */
export class TraceqlError extends Error {
  constructor(position: number, message: string) {
    super(`at character ${position}: ${message}`);
    this.name = 'TraceqlError';
  }
}
