import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'wouter';
import { parseDuration } from '../text/duration.ts';
import type { SpanFilter } from './model/span-filter.ts';

/** What of a trace is shown, as its address says it. */
export interface TraceUrl {
  readonly filter: SpanFilter;
  /** What a person typed as the least duration. */
  readonly minText: string;
  /** Only what matches the filter and leads there. */
  readonly onlyMatches: boolean;
  /** Levels that are open. */
  readonly depth: number;
  /** Id of the span that is selected, and of the one that is shown as root. */
  readonly span: string;
  readonly focus: string;
  /** Nanoseconds since the trace began; undefined for all. */
  readonly zoom: Zoom | undefined;
}

/** A part of the time of a trace. */
export interface Zoom {
  readonly fromNs: number;
  readonly toNs: number;
}

/** Names of the parameters. */
export type TraceParameter = 'q' | 'service' | 'errors' | 'path' | 'min' | 'only' | 'depth' | 'span' | 'focus' | 'zoom';

/** Sets parameters; those that are empty are removed. */
export type ChangeUrl = (changes: Partial<Record<TraceParameter, string>>) => void;

/** Reads the state of the page from its address, and writes it there, without a new entry in the history. */
export function useTraceUrl(): readonly [TraceUrl, ChangeUrl] {
  const [parameters, setParameters] = useSearchParams();
  const text = parameters.toString();
  const url = useMemo(() => readUrl(new URLSearchParams(text)), [text]);
  const change = useCallback<ChangeUrl>(
    (changes) =>
      setParameters(
        (before) => {
          const next = new URLSearchParams(before);
          for (const [name, value] of Object.entries(changes))
            if (value === '') next.delete(name);
            else next.set(name, value);
          return next;
        },
        { replace: true },
      ),
    [setParameters],
  );
  return [url, change];
}

function readUrl(parameters: URLSearchParams): TraceUrl {
  const text = (name: TraceParameter): string => parameters.get(name) ?? '';
  const depth = Number.parseInt(text('depth'), 10);
  const [from, to] = text('zoom').split('-').map(Number);
  const isZoomed = from !== undefined && to !== undefined && from >= 0 && to > from;
  return {
    filter: {
      text: text('q'),
      service: text('service'),
      onlyErrors: text('errors') === '1',
      onlyPath: text('path') === '1',
      minDurationNs: parseDuration(text('min')) ?? 0,
    },
    minText: text('min'),
    onlyMatches: text('only') === '1',
    depth: depth >= 0 ? depth : Infinity,
    span: text('span'),
    focus: text('focus'),
    zoom: isZoomed ? { fromNs: from, toNs: to } : undefined,
  };
}

/** As the address has it. */
export const zoomText = ({ fromNs, toNs }: Zoom): string => `${Math.round(fromNs)}-${Math.round(toNs)}`;
