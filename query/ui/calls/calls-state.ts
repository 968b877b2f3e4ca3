/** Calls that are shown, and how reading them goes: a pure state machine. */
import { type Call, type CallList, noCalls, withCalls } from './call-list.ts';

export interface CallsState {
  readonly list: CallList;
  /** Those that came while the list was paused. */
  readonly waiting: CallList;
  /** Those that the server left out, since they were too many. */
  readonly skipped: number;
  readonly phase: 'reading' | 'read' | 'live' | 'reconnecting';
  readonly error: unknown;
}

export const noState: CallsState = { list: noCalls, waiting: noCalls, skipped: 0, phase: 'reading', error: undefined };

export type CallsChange =
  | { readonly kind: 'reset' | 'resumed' }
  | { readonly kind: 'came'; readonly calls: readonly Call[]; readonly isPaused: boolean }
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
    case 'skipped':
      return { ...state, skipped: state.skipped + change.count };
    case 'phase':
      return { ...state, phase: change.phase, error: undefined };
    case 'failed':
      return { ...state, error: change.error };
  }
}
