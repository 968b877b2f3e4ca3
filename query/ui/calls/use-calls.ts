import { useEffect, useReducer, useRef } from 'react';
import type { listSpans } from '../../api/routes/list-spans.ts';
import type { AnswerOf } from '../../http/define-route.ts';
import { getJson } from '../api/get-json.ts';
import { withParameters } from '../shell/use-parameters.ts';
import { rangeParameters, readRange, writeRange } from '../time/time-range.ts';
import { callEvents } from './call-events.ts';
import type { Call } from './call-list.ts';
import type { CallFilter, CallsUrl } from './calls-url.ts';
import { type CallsState, changedCalls, noState } from './calls-state.ts';

/** How many calls are read before the live ones come, and each time that older ones are asked for. */
const pageCount = 500;

/** Calls of a range, and what can be asked for beyond. */
export interface ReadCalls {
  readonly state: CallsState;
  /** Reads all again. */
  readonly retry: () => void;
  /** Reads older ones. */
  readonly readOlder: () => void;
}

/** Reads the newest calls of a range, and follows those that are stored from then on. */
export function useCalls(
  { filter, range, isLive }: Pick<CallsUrl, 'filter' | 'range' | 'isLive'>,
  isPaused: boolean,
): ReadCalls {
  const [state, change] = useReducer(changedCalls, noState);
  const [attempt, retry] = useReducer((count: number) => count + 1, 0);
  const paused = useRef(isPaused);
  const older = useRef<(cursor: string) => Promise<void>>(() => Promise.resolve());
  const asked = JSON.stringify({ filter, range: writeRange(range), isLive });
  useEffect(() => {
    paused.current = isPaused;
    if (!isPaused) change({ kind: 'resumed' });
  }, [isPaused]);
  useEffect(() => {
    const ended = new AbortController();
    const { signal } = ended;
    const came = (calls: readonly Call[]): void => change({ kind: 'came', calls, isPaused: paused.current });
    change({ kind: 'reset' });
    run(asked, signal).catch((error: unknown) => {
      if (!signal.aborted) change({ kind: 'failed', error });
    });
    return () => ended.abort();

    async function run(text: string, until: AbortSignal): Promise<void> {
      const question = JSON.parse(text) as Question;
      const times = rangeParameters(readRange(new URLSearchParams(question.range), 900_000), Date.now());
      const read = async (cursor: string): Promise<void> => {
        const parameters = { ...question.filter, ...times, limit: String(pageCount), cursor };
        const answer = await getJson<AnswerOf<typeof listSpans>>(withParameters('/api/spans', parameters), until);
        change({ kind: 'read', calls: answer.spans, older: answer.next_cursor });
      };
      older.current = read;
      await read('');
      change({ kind: 'phase', phase: 'read' });
      if (!question.isLive) return;
      for await (const event of callEvents(question.filter, until))
        if (event.kind === 'calls') came(event.calls);
        else if (event.kind === 'skipped') change(event);
        else change({ kind: 'phase', phase: event.isConnected ? 'live' : 'reconnecting' });
    }
  }, [asked, attempt]);
  const readOlder = (): void => {
    older.current(state.older).catch((error: unknown) => change({ kind: 'failed', error }));
  };
  return { state, retry, readOlder };
}

interface Question {
  readonly filter: CallFilter;
  readonly range: ReturnType<typeof writeRange>;
  readonly isLive: boolean;
}
