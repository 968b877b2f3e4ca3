/** Which event times the sink takes. What is outside would be removed at once, stay for ever, or not be what it was. */

const nsPerMs = 1e6;
/** What the minutes by which calls are summed up can hold: 1970-01-01 up to 2106-02-07, the last whole one in 32 bits of seconds. */
const firstNs = 0;
const lastNs = Date.UTC(2106, 1, 7, 6, 27, 59, 999) * nsPerMs;

/** Bounds on either side of now, in milliseconds; undefined sets none. */
export interface EventRange {
  readonly behindMs?: number;
  readonly aheadMs?: number;
}

/** The earliest and the latest start of what one message brings, in Unix nanoseconds. */
export interface TimeBounds {
  earliestNs: number;
  latestNs: number;
}

const noSpans: TimeBounds = { earliestNs: Infinity, latestNs: -Infinity };

/** Bounds of nothing. */
export const newTimeBounds = (): TimeBounds => ({ ...noSpans });

/** Forgets what was in there. */
export function resetTimeBounds(bounds: TimeBounds): void {
  Object.assign(bounds, noSpans);
}

/** Makes room in the bounds for a time, in Unix nanoseconds. */
export function widen(bounds: TimeBounds, timeNs: number): void {
  if (timeNs < bounds.earliestNs) bounds.earliestNs = timeNs;
  if (timeNs > bounds.latestNs) bounds.latestNs = timeNs;
}

function textOf(timeNs: number): string {
  const date = new Date(timeNs / nsPerMs);
  return Number.isNaN(date.getTime()) ? `${timeNs} ns` : date.toISOString();
}

/** What is wrong with these times; undefined when they are within. @param what what has them, such as `span` */
export function outOfRange(times: TimeBounds, range: EventRange, nowMs: number, what: string): string | undefined {
  const earliestNs = range.behindMs === undefined ? firstNs : Math.max(firstNs, (nowMs - range.behindMs) * nsPerMs);
  const latestNs = range.aheadMs === undefined ? lastNs : Math.min(lastNs, (nowMs + range.aheadMs) * nsPerMs);
  if (times.earliestNs < earliestNs)
    return `a ${what} starts at ${textOf(times.earliestNs)}; the earliest that is stored is ${textOf(earliestNs)}`;
  if (times.latestNs > latestNs)
    return `a ${what} starts at ${textOf(times.latestNs)}; the latest that is stored is ${textOf(latestNs)}`;
  return undefined;
}
