import type { TimeRange } from '../time/time-range.ts';
import { hasRange, readRange } from '../time/time-range.ts';

/** Parameters of the filter, as in the API. */
export const filterNames = [
  'where',
  'service',
  'endpoint',
  'protocol',
  'status',
  'min_duration',
  'max_duration',
] as const;
export type CallFilter = Readonly<Partial<Record<(typeof filterNames)[number], string>>>;

/** What of the calls is shown, as the address says it. */
export interface CallsUrl {
  readonly filter: CallFilter;
  readonly range: TimeRange;
  /** The address says it. */
  readonly isRangeChosen: boolean;
  /** New calls appear by themselves. */
  readonly isLive: boolean;
  /** Key of the call in the pane; empty for none. */
  readonly selected: string;
}

/** What is missing or wrong is the default. A range that has an end is not live. */
export function readCallsUrl(parameters: URLSearchParams): CallsUrl {
  const filter: Partial<Record<(typeof filterNames)[number], string>> = {};
  for (const name of filterNames) {
    const value = parameters.get(name) ?? '';
    if (value !== '') filter[name] = value;
  }
  const range = readRange(parameters, 900_000);
  return {
    filter,
    range,
    isRangeChosen: hasRange(parameters) || Object.keys(filter).length > 0,
    isLive: range.kind === 'last' && parameters.get('live') !== '0',
    selected: parameters.get('call') ?? '',
  };
}
