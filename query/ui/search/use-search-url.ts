import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'wouter';

/** Parameters that the API takes as they are. */
export const filterNames = [
  'service',
  'endpoint',
  'protocol',
  'status',
  'where',
  'min_duration',
  'max_duration',
  'from',
  'to',
] as const;
type FilterName = (typeof filterNames)[number];

/** What is looked for, as the address says it. `last` is a range that ends now; `box` a part of the heatmap. */
export type SearchUrl = Readonly<Record<FilterName | 'last' | 'sort' | 'box', string>>;

/** Sets parameters; those that are empty are removed. */
export type ChangeSearch = (changes: Partial<SearchUrl>) => void;

const names = [...filterNames, 'last', 'sort', 'box'] as const;

/** Ranges of time that end now, in milliseconds. */
export const lastRanges: ReadonlyMap<string, { readonly ms: number; readonly title: string }> = new Map([
  ['15m', { ms: 900_000, title: 'Last 15 minutes' }],
  ['1h', { ms: 3_600_000, title: 'Last hour' }],
  ['6h', { ms: 21_600_000, title: 'Last 6 hours' }],
  ['1d', { ms: 86_400_000, title: 'Last day' }],
  ['7d', { ms: 604_800_000, title: 'Last 7 days' }],
]);

/** Reads what is looked for from the address, and writes it there. Each search is an entry of the history. */
export function useSearchUrl(): readonly [SearchUrl, ChangeSearch] {
  const [parameters, setParameters] = useSearchParams();
  const text = parameters.toString();
  const url = useMemo(() => {
    const found = new URLSearchParams(text);
    return Object.fromEntries(names.map((name) => [name, found.get(name) ?? ''])) as unknown as SearchUrl;
  }, [text]);
  const change = useCallback<ChangeSearch>(
    (changes) =>
      setParameters((before) => {
        const next = new URLSearchParams(before);
        for (const [name, value] of Object.entries(changes))
          if (value === '') next.delete(name);
          else next.set(name, value);
        return next;
      }),
    [setParameters],
  );
  return [url, change];
}

/** Parameters of a request for what is looked for. @param nowMs a range of the last while ends here */
export function filterParameters(url: SearchUrl, nowMs: number): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const name of filterNames) if (url[name] !== '') parameters.set(name, url[name]);
  const range = lastRanges.get(url.last);
  if (range !== undefined) parameters.set('from', new Date(nowMs - range.ms).toISOString());
  return parameters;
}

/** A condition beside those that there are. */
export function withCondition(where: string, condition: string): string {
  if (where === '') return condition;
  return `${/\bor\b/i.test(where) ? `(${where})` : where} and ${/\bor\b/i.test(condition) ? `(${condition})` : condition}`;
}
