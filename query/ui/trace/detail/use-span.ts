import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { TaggedResourceJson } from '../../../api/tagged-resource-json.ts';
import { getJson } from '../../api/get-json.ts';
import type { SpanJson } from '../model/span-json.ts';
import { spanIdAt } from '../model/span-ids.ts';
import type { TraceModel } from '../model/trace-model.ts';

/** What the API says of one span. */
export interface SpanAnswer {
  readonly span: SpanJson;
  readonly client_resources: readonly TaggedResourceJson[];
  readonly server_resources: readonly TaggedResourceJson[];
}

/** All fields of a span of the trace. */
export function useSpan({ head, columns }: TraceModel, position: number): UseQueryResult<SpanAnswer> {
  const id = spanIdAt(columns.ids, position);
  return useQuery({
    queryKey: ['span', head.stored_trace_id, head.revision, id],
    queryFn: ({ signal }) => getJson<SpanAnswer>(`/api/traces/${head.stored_trace_id}/spans/${id}`, signal),
    staleTime: 60_000,
    gcTime: 60_000,
  });
}
