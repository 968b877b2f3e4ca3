import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { FlowSeriesAnswer } from '../../api/routes/flow-series.ts';
import type { SeriesAnswer } from '../../api/routes/series.ts';
import type { TopologyAnswer } from '../../api/routes/topology.ts';
import { getJson } from '../api/get-json.ts';
import { withParameters } from '../shell/use-parameters.ts';
import { rangeParameters, type TimeRange, writeRange } from '../time/time-range.ts';
import type { MapGroup, MapLevel } from './map-conditions.ts';

/** How often what changes is read again. */
const refreshMs = 15_000;

/** Who called whom. */
export function useTopology(range: TimeRange, level: MapLevel, group: MapGroup): UseQueryResult<TopologyAnswer> {
  return useRanged('/api/topology', range, { level, group });
}

/** Calls over time that a condition selects. */
export function useSeries(range: TimeRange, where: string): UseQueryResult<SeriesAnswer> {
  return useRanged('/api/series', range, { where });
}

/** Packets over time between two services; either may be empty. */
export function useFlowSeries(range: TimeRange, client: string, server: string): UseQueryResult<FlowSeriesAnswer> {
  return useRanged('/api/flow-series', range, { client, server });
}

/** What a path answers for a range of time; what was there before stays as long as it is on its way. */
function useRanged<Answer>(
  path: string,
  range: TimeRange,
  parameters: Readonly<Record<string, string>>,
): UseQueryResult<Answer> {
  return useQuery({
    queryKey: [path, writeRange(range), parameters],
    queryFn: ({ signal }) =>
      getJson<Answer>(withParameters(path, { ...rangeParameters(range, Date.now()), ...parameters }), signal),
    refetchInterval: range.kind === 'last' ? refreshMs : false,
    placeholderData: (before, query) =>
      JSON.stringify(query?.queryKey[2]) === JSON.stringify(parameters) ? keepPreviousData(before) : undefined,
  });
}
