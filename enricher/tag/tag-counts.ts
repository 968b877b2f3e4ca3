/** What tagging came across, counted since start. */
export interface TagCounts {
  /** Addresses that several had at a time, each time that was found anew. */
  ambiguous: number;
  /** Spans that waited for a resource. */
  waited: number;
  /** Of those: the resource came. */
  found: number;
  /** Of those: it did not come in time. */
  expired: number;
  /** Of those: too many waited. */
  overflowed: number;
}

/** Nothing yet. */
export function newTagCounts(): TagCounts {
  return { ambiguous: 0, waited: 0, found: 0, expired: 0, overflowed: 0 };
}
