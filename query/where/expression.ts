/** What a condition on spans may ask for, as data. */
import { autoTags, tags } from '../../schemas/tags.ts';

/** Names of tags in a condition. */
export const tagNames = [...tags.map(({ kind }) => kind), ...autoTags] as const;
export type TagName = (typeof tagNames)[number];

/** Texts that resources carry under keys. */
export const mapNames = ['label', 'annotation', 'environment'] as const;
export type MapName = (typeof mapNames)[number];

export type SideName = 'client' | 'server';

/** What is compared: the name of a tag, or a text under a key. Without a side, that of either side. */
export type Field = { readonly side: SideName | undefined } & (
  | { readonly kind: 'tag'; readonly tag: TagName }
  | { readonly kind: 'text'; readonly map: MapName; readonly key: string }
);

/** How it is compared. */
export type Test =
  /** Equal to one of them. */
  | { readonly kind: 'one_of'; readonly values: readonly string[] }
  /** `%` stands for any text and `_` for any character; a backslash in front makes them plain. */
  | { readonly kind: 'like'; readonly pattern: string }
  /** In any case. */
  | { readonly kind: 'contains'; readonly text: string };

export type Expression =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Expression[] }
  | { readonly kind: 'not'; readonly term: Expression }
  | { readonly kind: 'test'; readonly field: Field; readonly test: Test };

/** A condition with the text it was made of. */
export interface Where {
  readonly text: string;
  readonly expression: Expression;
}

/** True when the empty text, which is the name of what is not there, passes the test. */
export function passesEmpty(test: Test): boolean {
  switch (test.kind) {
    case 'one_of':
      return test.values.includes('');
    case 'like':
      return /^%*$/.test(test.pattern);
    case 'contains':
      return test.text === '';
  }
}
