import { useMemo } from 'react';
import { type ChangeParameters, useParameters } from '../shell/use-parameters.ts';
import { hasRange, readRange, type TimeRange } from '../time/time-range.ts';
import { type MapGroup, mapGroups, type MapLevel, mapLevels } from './map-conditions.ts';

/** What of the map is shown, as its address says it. */
export interface MapUrl {
  readonly range: TimeRange;
  /** The address says it. */
  readonly isRangeChosen: boolean;
  readonly level: MapLevel;
  readonly group: MapGroup;
  /** Part of a name; empty for all. */
  readonly text: string;
  readonly view: 'picture' | 'table';
  /** Id of a node, or key of an edge; empty for none. */
  readonly selected: string;
  /** Most nodes in the picture. */
  readonly limit: number;
}

const defaultMs = 900_000;
export const defaultLimit = 60;
/** More nodes than these no one reads, and placing them takes too long. */
const maxLimit = 240;

/** Reads the state of the map from the address, and writes it there. */
export function useMapUrl(): readonly [MapUrl, ChangeParameters] {
  const [parameters, change] = useParameters();
  const text = parameters.toString();
  const url = useMemo(() => readMapUrl(new URLSearchParams(text)), [text]);
  return [url, change];
}

/** What is missing or wrong is the default. */
export function readMapUrl(parameters: URLSearchParams): MapUrl {
  const oneOf = <Value extends string>(name: string, values: readonly [Value, ...Value[]]): Value =>
    values.find((value) => value === parameters.get(name)) ?? values[0];
  const limit = Number.parseInt(parameters.get('limit') ?? '', 10);
  return {
    range: readRange(parameters, defaultMs),
    isRangeChosen: hasRange(parameters),
    level: oneOf('level', mapLevels),
    group: oneOf('group', mapGroups),
    text: parameters.get('q') ?? '',
    view: oneOf('view', ['picture', 'table']),
    selected: parameters.get('selected') ?? '',
    limit: limit > 0 ? Math.min(limit, maxLimit) : defaultLimit,
  };
}

/** Whether more nodes can be shown. */
export const canShowMore = (limit: number): boolean => limit < maxLimit;
