import { useQuery } from '@tanstack/react-query';
import type { DifferencesAnswer } from '../../api/routes/differences.ts';
import type { HeatmapAnswer } from '../../api/routes/heatmap.ts';
import { getJson } from '../api/get-json.ts';
import { durationParameter } from '../text/duration.ts';
import type { Box } from './box.ts';
import { filterParameters, type SearchUrl } from './use-search-url.ts';

/** When and how long the traces took that match; undefined until it is there, and where the server does not say. */
export function useHeatmap(url: SearchUrl): HeatmapAnswer | undefined {
  const { data } = useQuery({
    queryKey: ['heatmap', { ...url, box: '', sort: '' }],
    queryFn: ({ signal }) => {
      const parameters = filterParameters(url, Date.now());
      parameters.set('columns', '120');
      parameters.set('rows', '24');
      return getJson<HeatmapAnswer>(`/api/heatmap?${parameters.toString()}`, signal);
    },
    placeholderData: (before) => before,
    retry: false,
  });
  return data;
}

/** What is different in the box; undefined without one, until it is there, and where the server does not say. */
export function useDifferences(
  url: SearchUrl,
  box: Box | undefined,
): { readonly data?: DifferencesAnswer; readonly error: Error | null } {
  const { data, error } = useQuery({
    queryKey: ['differences', { ...url, sort: '' }],
    queryFn: ({ signal }) => {
      const parameters = filterParameters(url, Date.now());
      const { fromNs, toNs, minNs, maxNs } = box!;
      parameters.set('box_from', String(fromNs).padStart(19, '0'));
      parameters.set('box_to', String(toNs).padStart(19, '0'));
      parameters.set('box_min_duration', durationParameter(minNs));
      parameters.set('box_max_duration', durationParameter(maxNs));
      return getJson<DifferencesAnswer>(`/api/differences?${parameters.toString()}`, signal);
    },
    enabled: box !== undefined,
    retry: false,
  });
  return { ...(data === undefined ? {} : { data }), error };
}
