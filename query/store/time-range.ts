/** A range of time in Unix nanoseconds, both allowed. */
export interface TimeRange {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}
