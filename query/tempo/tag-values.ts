import { findOperations } from '../opentelemetry/find-operations.ts';
import { searchableAttribute } from '../opentelemetry/searchable-attributes.ts';
import type { SpanCondition } from '../opentelemetry/span-condition.ts';
import { attributeValuesSql, type SpanRange } from '../store/otel-lists-sql.ts';
import type { Reader } from '../store/read-limits.ts';

/** Values of an attribute with their type, as TraceQL calls it. */
export interface TagValues {
  readonly type: 'string' | 'int' | 'keyword';
  readonly values: readonly string[];
}

/** Whose values. */
export interface TagValuesOf {
  readonly range: SpanRange;
  readonly condition: SpanCondition;
  readonly limit: number;
}

const keywords: Readonly<Record<string, readonly string[]>> = {
  status: ['error', 'unset'],
  kind: ['client', 'internal', 'server'],
};

/** Values of an attribute, the most frequent first; none of one that cannot be searched. @param tag with or without a scope */
export async function tagValues(
  reader: Reader,
  tag: string,
  { range, condition, limit }: TagValuesOf,
): Promise<TagValues> {
  if (Object.hasOwn(keywords, tag)) return { type: 'keyword', values: keywords[tag]! };
  if (tag === 'name') {
    const operations = await findOperations(reader, range, condition);
    return { type: 'string', values: [...new Set(operations.map(({ name }) => name))].slice(0, limit) };
  }
  const [, scope, name] = /^(?:(resource|span)?\.)?(.*)$/su.exec(tag)!;
  const attribute = searchableAttribute(scope === undefined ? 'any' : (scope as 'resource' | 'span'), name!);
  if (attribute === undefined) return { type: 'string', values: [] };
  const rows = await reader.select<{ readonly value: string }>(
    attributeValuesSql(range, attribute.source, condition, limit),
  );
  return {
    type: attribute.source.kind === 'number' ? 'int' : 'string',
    values: rows.map(({ value }) => value),
  };
}
