/**
 * What times say of spans that one process reported and the kernel saw. Both read one clock of one host, but differently: an SDK
 * may round to milliseconds, or count on from a time it read when the process, or the trace, began.
 */
import type { SpanRecord } from '../spans/span-record.ts';

/** Between two readings of one clock: an SDK rounds to a millisecond, and the agent's offset to the wall clock is as exact. */
export const toleranceNs = 2e6;
/** An SDK that counts on from a former reading may be wrong by so much, and it is not noticed by one span alone. */
const undetectedNs = 100e6;

/** Whether a span is no longer than another that contains it. What was broken off may have gone on. */
export const mayFit = (inner: SpanRecord, outer: SpanRecord): boolean =>
  outer.wasBrokenOff || inner.durationNs <= outer.durationNs + toleranceNs;

/** By how much a span would have to be shifted to lie in another. */
function shiftNs(inner: SpanRecord, outer: SpanRecord): number {
  const early = outer.startNs - inner.startNs;
  const late = outer.wasBrokenOff ? 0 : inner.endNs - outer.endNs;
  return Math.max(early, late, 0);
}

/** The one of several that contains a span, if none of the others would with another clock. */
export function onlyEnclosing(inner: SpanRecord, outers: readonly SpanRecord[]): SpanRecord | undefined {
  const sorted = outers
    .map((outer) => ({ outer, shift: shiftNs(inner, outer) }))
    .sort((left, right) => left.shift - right.shift);
  const [best, second] = sorted;
  if (best === undefined || best.shift > toleranceNs) return undefined;
  return second === undefined || second.shift >= undetectedNs ? best.outer : undefined;
}
