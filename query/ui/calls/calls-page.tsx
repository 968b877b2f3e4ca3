import { useCallback, useMemo, useState } from 'react';
import { useKeys } from '../shell/keys.ts';
import { ErrorNotice, Notice } from '../shell/notice.tsx';
import { type ChangeParameters, useParameters } from '../shell/use-parameters.ts';
import { useTitle } from '../shell/use-title.ts';
import { LossBanner } from '../state/loss-banner.tsx';
import { counted, countText } from '../text/count.ts';
import { NewestTime } from '../time/newest-time.tsx';
import { rangeText, type TimeRange, writeRange } from '../time/time-range.ts';
import { callKey } from './call-list.ts';
import { CallPane } from './call-pane.tsx';
import { CallTable } from './call-table.tsx';
import { CallsBar } from './calls-bar.tsx';
import type { CallsState } from './calls-state.ts';
import { type CallsUrl, readCallsUrl } from './calls-url.ts';
import { useCalls } from './use-calls.ts';
import '../shell/page-parts.css';
import './calls.css';

/** Requests as they are stored, newest first. */
export function CallsPage(): React.ReactNode {
  useTitle('Calls');
  const [parameters, change] = useParameters();
  const text = parameters.toString();
  const url = useMemo(() => readCallsUrl(new URLSearchParams(text)), [text]);
  const [isPaused, setPaused] = useState(false);
  const { state, retry, readOlder } = useCalls(url, isPaused);
  const onRange = useCallback((range: TimeRange) => change({ ...writeRange(range) }), [change]);
  const pause = (): void => setPaused(!isPaused);
  useKeys('Calls', [{ keys: 'p', label: 'Pause or go on', run: pause }]);
  return (
    <div className="calls-page">
      <LossBanner range={url.range} />
      <CallsBar key={JSON.stringify(url.filter)} url={url} isPaused={isPaused} onPause={pause} onChange={change} />
      {state.error !== undefined ? (
        <ErrorNotice error={state.error} title="The calls could not be read" retry={retry} />
      ) : state.phase === 'reading' ? (
        <Notice kind="loading">Reading calls …</Notice>
      ) : (
        <CallsBody
          state={state}
          url={url}
          isPaused={isPaused}
          onChange={change}
          onRange={onRange}
          readOlder={readOlder}
        />
      )}
    </div>
  );
}

interface CallsBodyProps {
  readonly state: CallsState;
  readonly url: CallsUrl;
  readonly isPaused: boolean;
  readonly onChange: ChangeParameters;
  readonly onRange: (range: TimeRange) => void;
  readonly readOlder: () => void;
}

function CallsBody({ state, url, isPaused, onChange, onRange, readOlder }: CallsBodyProps): React.ReactNode {
  const { calls } = state.list;
  const selected = calls.find((call) => callKey(call) === url.selected);
  const onSelect = (key: string): void => onChange({ call: key });
  return (
    <>
      <div className="calls-body">
        {calls.length === 0 ? (
          <Notice kind="empty" title="No calls match">
            Nothing in {rangeText(url.range)}
            {url.isLive ? '. New calls appear here some seconds after they were made.' : '.'}
            <NewestTime isChosen={url.isRangeChosen} onChange={onRange} />
          </Notice>
        ) : (
          <CallTable calls={calls} selected={url.selected} onSelect={onSelect} />
        )}
        {url.selected === '' ? undefined : <CallPane call={selected} onClose={() => onSelect('')} />}
      </div>
      <StatusLine state={state} isPaused={isPaused} isLive={url.isLive} readOlder={readOlder} />
    </>
  );
}

/** Whether calls still come, and which do not stand here. */
function StatusLine({
  state,
  isPaused,
  isLive,
  readOlder,
}: {
  readonly state: CallsState;
  readonly isPaused: boolean;
  readonly isLive: boolean;
  readonly readOlder: () => void;
}): React.ReactNode {
  const { list, waiting, skipped, phase } = state;
  const how = !isLive
    ? 'Not live'
    : phase === 'reconnecting'
      ? 'Connecting again …'
      : isPaused
        ? `Paused; ${countText(waiting.calls.length + waiting.dropped)} new`
        : 'Live';
  return (
    <div className="page-foot calls-foot">
      <span>
        <span className={`calls-light calls-${isPaused || !isLive ? 'paused' : phase}`} aria-hidden="true" />
        {how} · {counted(list.calls.length, 'call')} shown{' '}
        {state.older === '' ? undefined : (
          <button type="button" className="link" onClick={readOlder}>
            Show older
          </button>
        )}
      </span>
      <span>
        {skipped > 0 ? (
          <span title="More calls came than the server sends; a filter shows those you look for">
            ⚠ {countText(skipped)} skipped{' '}
          </span>
        ) : undefined}
        {list.dropped > 0 ? `· ${countText(list.dropped)} older ones no longer shown` : ''}
      </span>
    </div>
  );
}
