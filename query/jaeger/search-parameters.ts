/** Searches of both of Jaeger's APIs as a search for traces. */
import { goDurationNs } from '../opentelemetry/go-duration.ts';
import {
  numberCondition,
  searchableAttribute,
  searchableAttributes,
  textCondition,
} from '../opentelemetry/searchable-attributes.ts';
import { both, negated, never, type SpanCondition } from '../opentelemetry/span-condition.ts';
import type { TraceSearch } from '../opentelemetry/search-traces.ts';

/** A search, or what is wrong with it. */
export type ParsedSearch =
  { readonly kind: 'search'; readonly search: TraceSearch } | { readonly kind: 'problem'; readonly problem: string };

/** What is asked for, as text; absent where nothing is. */
export interface SearchTexts {
  readonly service?: string | undefined;
  readonly operation?: string | undefined;
  /** Names and values as a JSON object of texts. */
  readonly tags?: string | undefined;
  /** The same, each as `name:value`. */
  readonly pairs?: readonly string[] | undefined;
  readonly minDuration?: string | undefined;
  readonly maxDuration?: string | undefined;
  readonly limit?: string | undefined;
  readonly fromNs?: bigint | undefined;
  readonly toNs?: bigint | undefined;
}

const defaultLimit = 20;
const maxTags = 24;

class SearchError extends Error {}

/** Never throws. */
export function parseSearch(texts: SearchTexts): ParsedSearch {
  try {
    return { kind: 'search', search: searchOf(texts) };
  } catch (error) {
    if (error instanceof SearchError) return { kind: 'problem', problem: error.message };
    throw error;
  }
}

function searchOf(texts: SearchTexts): TraceSearch {
  const { service, operation, limit = String(defaultLimit), fromNs, toNs } = texts;
  const conditions: SpanCondition[] = [];
  if (service !== undefined) conditions.push({ kind: 'service', test: { kind: 'equal', text: service } });
  if (operation !== undefined && operation !== 'all')
    conditions.push({ kind: 'name', test: { kind: 'equal', text: operation } });
  for (const [name, value] of tagsOf(texts)) conditions.push(tagCondition(name, value));
  if (!/^\d{1,9}$/.test(limit) || Number(limit) === 0) throw new SearchError('limit must be a whole number above 0');
  const minDurationNs = durationOf('minDuration', texts.minDuration);
  const maxDurationNs = durationOf('maxDuration', texts.maxDuration);
  // As Jaeger has it: of a span, not of the trace.
  if (minDurationNs !== undefined)
    conditions.push({ kind: 'number', field: 'duration_ns', comparison: '>=', value: minDurationNs });
  if (maxDurationNs !== undefined)
    conditions.push({ kind: 'number', field: 'duration_ns', comparison: '<=', value: maxDurationNs });
  return {
    condition: conditions.length === 0 ? { kind: 'always', holds: true } : both(...conditions),
    range: { ...(fromNs === undefined ? {} : { fromNs }), ...(toNs === undefined ? {} : { toNs }) },
    limit: Number(limit),
  };
}

function durationOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ns = goDurationNs(text);
  if (ns === undefined) throw new SearchError(`${name} must be a duration such as 10ms or 1.5s`);
  return ns;
}

function tagsOf({ tags, pairs = [] }: SearchTexts): readonly (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  if (tags !== undefined) {
    const parsed = parseJson(tags);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
      throw new SearchError('tags must be a JSON object of texts');
    for (const [name, value] of Object.entries(parsed as Readonly<Record<string, unknown>>)) {
      if (typeof value !== 'string') throw new SearchError('tags must be a JSON object of texts');
      found.push([name, value]);
    }
  }
  for (const pair of pairs) {
    const colon = pair.indexOf(':');
    if (colon < 1) throw new SearchError('a tag must be name:value');
    found.push([pair.slice(0, colon), pair.slice(colon + 1)]);
  }
  if (found.length > maxTags) throw new SearchError(`there are more than ${maxTags} tags`);
  return found;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SearchError('tags must be a JSON object of texts');
  }
}

function tagCondition(name: string, value: string): SpanCondition {
  if (name === 'error') return value === 'true' ? { kind: 'error' } : negated({ kind: 'error' });
  if (name === 'otel.status_code') return value === 'ERROR' ? { kind: 'error' } : never;
  if (name === 'span.kind')
    return value === 'client' || value === 'server' || value === 'internal' ? { kind: 'side', side: value } : never;
  const attribute = searchableAttribute('any', name);
  if (attribute === undefined) {
    const names = searchableAttributes.filter(({ isFormer }) => isFormer !== true).map((known) => known.name);
    throw new SearchError(
      `the tag ${JSON.stringify(name.slice(0, 100))} cannot be searched; there are error, span.kind, ${names.join(', ')}`,
    );
  }
  const { source } = attribute;
  if (source.kind !== 'number') return textCondition(attribute, { kind: 'equal', text: value }, false);
  return /^\d{1,15}$/.test(value) ? numberCondition(source, '=', Number(value)) : never;
}
