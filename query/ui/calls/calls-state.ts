/** Calls that are shown, and how reading them goes: a pure state machine. */
import { type Call, type CallList, maxCalls, noCalls, withCalls } from './call-list.ts';

export interface CallsState {
  readonly list: CallList;
  /** Those that came while the list was paused. */
  readonly waiting: CallList;
  /** Those that the server left out, since they were too many. */
  readonly skipped: number;
  readonly phase: 'reading' | 'read' | 'live' | 'reconnecting';
  readonly error: unknown;
  /** Where older calls go on; empty where there are none, or no room for them. */
  readonly older: string;
}

export const noState: CallsState = {
  list: noCalls,
  waiting: noCalls,
  skipped: 0,
  phase: 'reading',
  error: undefined,
  older: '',
};

export type CallsChange =
  | { readonly kind: 'reset' | 'resumed' }
  | { readonly kind: 'came'; readonly calls: readonly Call[]; readonly isPaused: boolean }
  /** Older calls were read: they are put below, also while it is paused. */
  | { readonly kind: 'read'; readonly calls: readonly Call[]; readonly older: string }
  | { readonly kind: 'skipped'; readonly count: number }
  | { readonly kind: 'phase'; readonly phase: CallsState['phase'] }
  | { readonly kind: 'failed'; readonly error: unknown };

/** The state after a change. While it is paused, what comes waits, and nothing moves under the pointer. */
export function changedCalls(state: CallsState, change: CallsChange): CallsState {
  switch (change.kind) {
    case 'reset':
      return noState;
    case 'resumed':
      return { ...state, list: withCalls(state.list, state.waiting.calls), waiting: noCalls };
    case 'came':
      return change.isPaused
        ? { ...state, waiting: withCalls(state.waiting, change.calls) }
        : { ...state, list: withCalls(state.list, change.calls) };
    case 'read': {
      const list = withCalls(state.list, change.calls);
      return { ...state, list, older: list.calls.length < maxCalls ? change.older : '' };
    }
    case 'skipped':
      return { ...state, skipped: state.skipped + change.count };
    case 'phase':
      return { ...state, phase: change.phase, error: undefined };
    case 'failed':
      return { ...state, error: change.error };
  }
}
