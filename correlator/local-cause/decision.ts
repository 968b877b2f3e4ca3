import type { Edge } from '../span-record.ts';

/** Why the cause of a call is not known. Closed; counted by these names. */
export const unknownReasons = [
  'no_candidate',
  'stale',
  'contradiction',
  'ambiguous',
  'not_learned',
  'background',
] as const;
export type UnknownReason = (typeof unknownReasons)[number];

/** The answer to what caused a call. `wait`: a server span that would tell has not come yet. */
export type Decision =
  | { readonly kind: 'parent'; readonly edge: Edge }
  | { readonly kind: 'unknown'; readonly reason: UnknownReason }
  | { readonly kind: 'wait' };

/** What a decision may rely on besides the spans. Durations in nanoseconds. */
export interface Patience {
  /** False when a call has waited long enough: what has not come is taken as lost. */
  readonly mayWait: boolean;
  /** How long after its last span a call is first asked for. */
  readonly quietNs: number;
  /** How long after its last span a call waits at most. */
  readonly causeWaitNs: number;
}
