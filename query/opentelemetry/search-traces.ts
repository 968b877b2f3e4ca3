import type { RouteContext } from '../http/define-route.ts';
import type { SpanRange } from '../store/otel-lists-sql.ts';
import { maxListedTraces, type TraceSummary } from '../store/trace-store.ts';
import { resolveCondition } from './find-operations.ts';
import type { SpanCondition } from './span-condition.ts';

/** Which traces: those with a span that satisfies the condition. */
export interface TraceSearch {
  readonly condition: SpanCondition;
  readonly range: SpanRange;
  /** Of the whole trace, both allowed. */
  readonly minDurationNs?: number;
  readonly maxDurationNs?: number;
  readonly limit: number;
}

/** What was found, newest first, or what is wrong with the condition. */
export type FoundTraces =
  | { readonly kind: 'found'; readonly traces: readonly TraceSummary[]; readonly condition: SpanCondition }
  | { readonly kind: 'problem'; readonly problem: string };

/** Searches in the database; the caller has a turn. */
export async function searchTraces(
  { condition, range, minDurationNs, maxDurationNs, limit }: TraceSearch,
  { store, reader, signal }: Pick<RouteContext, 'store' | 'reader' | 'signal'>,
): Promise<FoundTraces> {
  const resolved = await resolveCondition(reader, range, condition);
  if (resolved.kind === 'problem') return resolved;
  const selectsAll = resolved.condition.kind === 'always' && resolved.condition.holds;
  const { traces } = await store.listTraces(
    {
      ...range,
      ...(selectsAll ? {} : { condition: resolved.condition }),
      ...(minDurationNs === undefined ? {} : { minDurationNs }),
      ...(maxDurationNs === undefined ? {} : { maxDurationNs }),
      sort: 'newest',
      limit: Math.min(limit, maxListedTraces),
    },
    signal,
  );
  return { kind: 'found', traces, condition: resolved.condition };
}
