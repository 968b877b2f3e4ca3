/** Durations by logarithmic steps, as the sums of calls per minute have them (schemas/clickhouse/013-trace-times.sql). */

const stepsPerDoubling = 4;
const unitNs = 1_024;

/** The step of a row of `spans`, from 1. */
export const stepOfRowSql = `toUInt64(least(128, 1 + floor(4 * log2(greatest(duration_ns, 1024) / 1024))))`;

/** Adds counts by steps up. */
export function addSteps(sums: number[], counts: readonly number[]): void {
  for (const [at, count] of counts.entries()) sums[at] = (sums[at] ?? 0) + count;
}

/** The middle of the step in which the call is that has this share of the calls below it, in nanoseconds; 0 where there are none. */
export function quantileNs(counts: readonly number[], share: number): number {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return 0;
  let below = 0;
  const at = counts.findIndex((count) => (below += count) >= share * all);
  return Math.round(unitNs * 2 ** ((at + 0.5) / stepsPerDoubling));
}
