import type { Trace } from './generated/trace.ts';

/**
 * The ids by which people know some traces: the W3C trace id that a trace carries, where it is the earliest of these to carry
 * it, by start, then by stored id; else the stored one. The same rule as for what is in the database.
 *
 * @returns by stored id
 */
export function publicTraceIds(
  traces: Iterable<Pick<Trace, 'traceId' | 'carriedTraceId' | 'startTimeNs'>>,
): ReadonlyMap<string, string> {
  const earliest = new Map<string, Pick<Trace, 'traceId' | 'startTimeNs'>>();
  const stored = new Map<string, string>();
  for (const { traceId, carriedTraceId, startTimeNs } of traces) {
    stored.set(traceId, carriedTraceId);
    if (carriedTraceId === '') continue;
    const known = earliest.get(carriedTraceId);
    const isEarlier =
      known === undefined ||
      startTimeNs < known.startTimeNs ||
      (startTimeNs === known.startTimeNs && traceId < known.traceId);
    if (isEarlier) earliest.set(carriedTraceId, { traceId, startTimeNs });
  }
  const ids = new Map<string, string>();
  for (const [traceId, carried] of stored) {
    const isPublic = carried !== '' && !stored.has(carried) && earliest.get(carried)?.traceId === traceId;
    ids.set(traceId, isPublic ? carried : traceId);
  }
  return ids;
}
