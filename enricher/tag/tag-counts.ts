/** Counts of tagging since start. */
export interface TagCounts {
  /** Lookups of an address that several resources owned at a time. */
  ambiguous: number;
  /** Spans and flows that waited for a resource. */
  waited: number;
  /** Of those: the resource came. */
  found: number;
  /** Of those: it did not come in time. */
  expired: number;
  /** Of those: too many waited. */
  overflowed: number;
}

/** All zero. */
export function newTagCounts(): TagCounts {
  return { ambiguous: 0, waited: 0, found: 0, expired: 0, overflowed: 0 };
}
