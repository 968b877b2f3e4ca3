import { useEffect, useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import { useKeys } from '../shell/keys.ts';
import { ErrorNotice, Notice } from '../shell/notice.tsx';
import { LossBanner } from '../state/loss-banner.tsx';
import { readRange } from '../time/time-range.ts';
import { Differences } from './differences.tsx';
import { FilterForm, whereFieldId } from './filter-form.tsx';
import { Heatmap } from './heatmap.tsx';
import { TraceTable } from './trace-table.tsx';
import { type ChangeSearch, filterNames, type SearchUrl, useSearchUrl } from './use-search-url.ts';
import { type ListedTrace, useTraces } from './use-traces.ts';
import './search.css';

/** Without a range of time in the address, losses of this last while are told. */
const defaultRangeMs = 3_600_000;

/** Finds traces. */
export function SearchPage(): React.ReactNode {
  const [url, change] = useSearchUrl();
  const { last, from, to } = url;
  const range = useMemo(() => readRange(new URLSearchParams({ last, from, to }), defaultRangeMs), [last, from, to]);
  useEffect(() => {
    document.title = 'Search · spanloom';
  }, []);
  return (
    <div className="search">
      <h1 className="only-read">Search for traces</h1>
      <FilterForm url={url} change={change} />
      <LossBanner range={range} />
      <Heatmap url={url} change={change} />
      <Differences url={url} change={change} />
      <Results url={url} change={change} />
    </div>
  );
}

function Results({ url, change }: { readonly url: SearchUrl; readonly change: ChangeSearch }): React.ReactNode {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage, isFetching } = useTraces(url);
  const traces = data?.pages.flatMap((page) => page.traces) ?? [];
  const selected = useListKeys(traces, () => void refetch());
  if (error !== null)
    return <ErrorNotice error={error} title="The traces could not be read" retry={() => void refetch()} />;
  if (data === undefined) return <Notice kind="loading">Reading traces …</Notice>;
  if (traces.length === 0) return <NoTraces url={url} change={change} refetch={() => void refetch()} />;
  return (
    <>
      <div className="results-bar">
        <h2>
          {traces.length.toLocaleString('en')}
          {hasNextPage ? '+' : ''} {traces.length === 1 ? 'trace' : 'traces'}
        </h2>
        <label>
          Order{' '}
          <select
            value={url.sort || 'newest'}
            onChange={({ target }) => change({ sort: target.value === 'newest' ? '' : target.value })}
          >
            <option value="newest">newest first</option>
            <option value="slowest">slowest first</option>
          </select>
        </label>
        <button type="button" onClick={() => void refetch()} disabled={isFetching} title="Read again (r)">
          {isFetching ? 'Reading …' : 'Refresh'}
        </button>
      </div>
      <TraceTable traces={traces} selected={selected} />
      {hasNextPage ? (
        <p className="more">
          <button type="button" onClick={() => void fetchNextPage()} disabled={isFetchingNextPage}>
            {isFetchingNextPage ? 'Reading …' : 'Show more'}
          </button>
        </p>
      ) : undefined}
    </>
  );
}

/** Keys that go through the list. */
function useListKeys(traces: readonly ListedTrace[], refresh: () => void): number {
  const [, navigate] = useLocation();
  const [chosen, setSelected] = useState(-1);
  const selected = Math.min(chosen, traces.length - 1);
  useEffect(() => {
    document.querySelector('.traces [data-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [selected]);
  const move = (by: number): void => setSelected(Math.max(0, Math.min(traces.length - 1, selected + by)));
  const open = (): void => {
    if (selected >= 0) navigate(`/trace/${traces[selected]!.trace_id}`);
  };
  const leave = (): void => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    setSelected(-1);
  };
  useKeys('Search', [
    { keys: '/', label: 'Condition', run: () => document.getElementById(whereFieldId)?.focus() },
    { keys: 'j', label: 'Next trace', run: () => move(1) },
    { keys: 'k', label: 'Trace before', run: () => move(-1) },
    { keys: 'Enter', label: 'Open the trace', run: open },
    { keys: 'r', label: 'Read again', run: refresh },
    { keys: 'Escape', label: 'Leave the field', run: leave, inFields: true },
  ]);
  return selected;
}

function NoTraces({
  url,
  change,
  refetch,
}: {
  readonly url: SearchUrl;
  readonly change: ChangeSearch;
  readonly refetch: () => void;
}): React.ReactNode {
  const isFiltered = url.last !== '' || filterNames.some((name) => url[name] !== '');
  if (isFiltered)
    return (
      <Notice kind="empty" title="No trace matches">
        <p>Take a condition away, or look at a longer time.</p>
        <button
          type="button"
          onClick={() => change(Object.fromEntries([...filterNames, 'last', 'box'].map((name) => [name, ''])))}
        >
          Clear all filters
        </button>
      </Notice>
    );
  return (
    <Notice kind="empty" title="No traces are stored yet">
      <p>
        A trace is stored some seconds after it began. If there is traffic and nothing comes,{' '}
        <code>spanloom check</code> says what this machine can capture.
      </p>
      <button type="button" onClick={refetch}>
        Look again
      </button>
    </Notice>
  );
}
