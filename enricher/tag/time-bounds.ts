/** The part of time, in Unix nanoseconds, in which an answer stays the same: from `fromNs`, before `untilNs`. */
export interface TimeBounds {
  fromNs: bigint;
  untilNs: bigint;
}

/** Leaves of `bounds` what is within others too. */
export function narrow(bounds: TimeBounds, { fromNs, untilNs }: Readonly<TimeBounds>): void {
  if (fromNs > bounds.fromNs) bounds.fromNs = fromNs;
  if (untilNs < bounds.untilNs) bounds.untilNs = untilNs;
}
