/** What a condition on spans may ask for, as data. */
import { protocolSymbols, spanStatusSymbols } from '../../schemas/generated/span.ts';
import { autoTags, type TagKind, tags } from '../../schemas/tags.ts';

/** Names of tags in a condition. */
export const tagNames = [...tags.map(({ kind }) => kind), ...autoTags] as const;
export type TagName = (typeof tagNames)[number];

/** Texts that resources carry under keys. */
export const mapNames = ['label', 'annotation', 'environment'] as const;
export type MapName = (typeof mapNames)[number];

export type SideName = 'client' | 'server';

/** Fields of the span itself, by how they are compared: one of a few words is an array of them. */
export const spanFields = {
  endpoint: 'text',
  protocol: protocolSymbols,
  status: spanStatusSymbols,
  is_error: ['true', 'false'],
  request_type: 'text',
  response_code: 'number',
  duration: 'duration',
  observation_point: 'text',
  process_name: 'text',
  seen_service: 'text',
} as const satisfies Readonly<Record<string, 'text' | 'number' | 'duration' | readonly string[]>>;
export type SpanFieldName = keyof typeof spanFields;
export const spanFieldNames = Object.keys(spanFields) as readonly SpanFieldName[];

/**
 * What is compared: a field of the span, an attribute that the application reported with it, the name of a tag, or a text under a key.
 * Without a side, that of either side.
 */
export type Field =
  | { readonly kind: 'span'; readonly name: SpanFieldName }
  | { readonly kind: 'attribute'; readonly key: string }
  | ({ readonly side: SideName | undefined } & (
      | { readonly kind: 'tag'; readonly tag: TagName }
      | {
          readonly kind: 'text';
          readonly map: MapName;
          readonly key: string;
          /** Kinds of resources that have the key, the nearest first, where that is known; else all that may. */
          readonly kinds?: readonly TagKind[];
        }
    ));

export const orders = ['<=', '>=', '<', '>'] as const;
export type Order = (typeof orders)[number];

/** How it is compared. */
export type Test =
  /** Equal to one of them. */
  | { readonly kind: 'one_of'; readonly values: readonly string[] }
  /** `%` stands for any text and `_` for any character; a backslash in front makes them plain. */
  | { readonly kind: 'like'; readonly pattern: string }
  /** In any case. */
  | { readonly kind: 'contains'; readonly text: string }
  /** Of a number; durations are in nanoseconds. */
  | { readonly kind: 'compare'; readonly order: Order; readonly value: number };

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
    case 'compare':
      return false;
  }
}

/** A field as it is written in a condition. */
export function fieldText(field: Field): string {
  if (field.kind === 'span') return field.name;
  if (field.kind === 'attribute') return `attribute(${valueText(field.key)})`;
  const side = field.side === undefined ? '' : `${field.side}.`;
  return field.kind === 'tag' ? `${side}${field.tag}` : `${side}${field.map}(${valueText(field.key)})`;
}

/** A value as it is written in a condition. */
export function valueText(value: string): string {
  return `'${value.replaceAll(/[\\']/g, (character) => `\\${character}`)}'`;
}
