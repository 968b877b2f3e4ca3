import { type InfiniteData, useInfiniteQuery, type UseInfiniteQueryResult } from '@tanstack/react-query';
import type { AnswerOf } from '../../http/define-route.ts';
import type { listTraces, TraceSummaryJson } from '../../api/routes/list-traces.ts';
import { getJson } from '../api/get-json.ts';
import { filterParameters, type SearchUrl } from './use-search-url.ts';

/** A trace in the list. */
export type ListedTrace = TraceSummaryJson;

const pageLength = '50';

/** Traces that match, page by page. What ends now, ends when the first page was asked for. */
export function useTraces(url: SearchUrl): UseInfiniteQueryResult<InfiniteData<AnswerOf<typeof listTraces>>> {
  return useInfiniteQuery({
    queryKey: ['traces', { ...url, box: '' }],
    initialPageParam: { cursor: '', nowMs: 0 },
    queryFn: ({ pageParam, signal }) => {
      const parameters = filterParameters(url, pageParam.nowMs || Date.now());
      parameters.set('limit', pageLength);
      if (url.sort !== '') parameters.set('sort', url.sort);
      if (pageParam.cursor !== '') parameters.set('cursor', pageParam.cursor);
      return getJson<AnswerOf<typeof listTraces>>(`/api/traces?${parameters.toString()}`, signal);
    },
    getNextPageParam: ({ next_cursor: cursor }, _, { nowMs }) =>
      cursor ? { cursor, nowMs: nowMs || Date.now() } : undefined,
  });
}
