import { useQuery } from '@tanstack/react-query';
import { getJson } from '../../api/get-json.ts';
import type { LikelyEdgeJson } from '../../../api/likely-edge-json.ts';

/** An edge between two traces that is likely and not certain. */
export type LikelyEdge = LikelyEdgeJson;

const none: readonly LikelyEdge[] = [];

/** Likely edges of the trace that is stored by this id; none until they are there, and where the server knows of none. */
export function useLikelyEdges(storedTraceId: string): readonly LikelyEdge[] {
  const { data } = useQuery({
    queryKey: ['likely-edges', storedTraceId],
    queryFn: ({ signal }) =>
      getJson<{ readonly likely_edges: readonly LikelyEdge[] }>(`/api/traces/${storedTraceId}/likely-edges`, signal),
    enabled: storedTraceId !== '',
    staleTime: Infinity,
  });
  return data?.likely_edges ?? none;
}
