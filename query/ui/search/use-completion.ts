import { useQuery } from '@tanstack/react-query';
import type { FieldValuesAnswer } from '../../api/routes/field-values.ts';
import type { FieldsAnswer } from '../../api/routes/fields.ts';
import { getJson } from '../api/get-json.ts';

const none: readonly string[] = [];

/** What never changes while the page is open, and is only a help: a server that lacks it is no error. */
const help = { retry: false, staleTime: 300_000 } as const;

/** Fields that conditions take; none where the server does not say. */
export function useFields(): readonly string[] {
  const { data } = useQuery({
    queryKey: ['fields'],
    queryFn: async ({ signal }) =>
      (await getJson<FieldsAnswer>('/api/fields', signal)).fields.map(({ field }) => field),
    ...help,
  });
  return data ?? none;
}

/** Values of a field that begin with a text; none for no field, and where the server does not say. */
export function useFieldValues(field: string | undefined, prefix: string): readonly string[] {
  const { data } = useQuery({
    queryKey: ['field-values', field, prefix],
    queryFn: async ({ signal }) => {
      const parameters = new URLSearchParams({ field: field!, limit: '12', ...(prefix === '' ? {} : { prefix }) });
      return (await getJson<FieldValuesAnswer>(`/api/field-values?${parameters.toString()}`, signal)).values;
    },
    enabled: field !== undefined && field !== '',
    placeholderData: (before) => before,
    ...help,
  });
  return data ?? none;
}
