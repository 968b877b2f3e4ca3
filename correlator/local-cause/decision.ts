import type { Edge } from '../spans/span-record.ts';

/** Why the cause of a call is not known. Closed; counted by these names. */
export const unknownReasons = [
  'no_candidate',
  'stale',
  'contradiction',
  'ambiguous',
  'not_learned',
  'background',
  'improbable',
] as const;
export type UnknownReason = (typeof unknownReasons)[number];

/** Decision about the cause of a call. `wait`: a server span that would decide has not arrived yet. */
export type Decision =
  | { readonly kind: 'parent'; readonly edge: Edge }
  | { readonly kind: 'unknown'; readonly reason: UnknownReason }
  | { readonly kind: 'wait' };

/** What a decision may rely on besides the spans. Durations in nanoseconds. */
export interface Patience {
  /** False if a call has waited long enough: spans that have not arrived count as lost. */
  readonly mayWait: boolean;
  /** How long after the last span of its component a call is first decided. */
  readonly quietNs: number;
  /** How long after the last span of its component a call waits at most. */
  readonly causeWaitNs: number;
}
