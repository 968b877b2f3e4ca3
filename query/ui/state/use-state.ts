import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { StateAnswer } from '../../api/routes/state.ts';
import { getJson } from '../api/get-json.ts';
import { withParameters } from '../shell/use-parameters.ts';
import { rangeParameters, type TimeRange, writeRange } from '../time/time-range.ts';

/** What became of the records of all stages in a range of time; read again every ten seconds, as stages report. */
export function useStageStates(range: TimeRange): UseQueryResult<StateAnswer> {
  return useQuery({
    queryKey: ['state', writeRange(range)],
    queryFn: ({ signal }) =>
      getJson<StateAnswer>(withParameters('/api/state', { ...rangeParameters(range, Date.now()) }), signal),
    refetchInterval: range.kind === 'last' ? 10_000 : false,
  });
}
