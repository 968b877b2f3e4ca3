import type { SpanRecord } from '../spans/span-record.ts';

/** The edge of a cycle to remove: the least certain one; of equals that of the lowest span id. */
function isWeaker(span: SpanRecord, than: SpanRecord): boolean {
  const difference = span.edge!.confidence - than.edge!.confidence;
  return difference !== 0 ? difference < 0 : span.spanId < than.spanId;
}

/**
 * Makes a forest of any set of edges. Within an agent a parent's request always precedes its child's, and along a call
 * the order is fixed, but across agents a chance match could close a circle; its weakest edge is removed.
 *
 * @returns how many edges were removed
 */
export function breakCycles(spans: readonly SpanRecord[]): number {
  /** The walk in which a span was first reached: a walk that meets itself is a cycle. */
  const walkOf = new Map<SpanRecord, number>();
  let removed = 0;
  for (let walk = 0; walk < spans.length; walk++) {
    let current: SpanRecord | undefined = spans[walk];
    while (current !== undefined && !walkOf.has(current)) {
      walkOf.set(current, walk);
      current = current.edge?.parent;
    }
    if (current === undefined || walkOf.get(current) !== walk) continue;
    let weakest = current;
    for (let span = current.edge!.parent; span !== current; span = span.edge!.parent)
      if (isWeaker(span, weakest)) weakest = span;
    weakest.edge = undefined;
    removed++;
  }
  return removed;
}
