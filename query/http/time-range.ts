/** Times of a request that are missing or too far apart. */
import type { TimeRange } from '../store/time-range.ts';

/** A range, or what is wrong with it. */
export type ResolvedRange =
  { readonly kind: 'range'; readonly range: TimeRange } | { readonly kind: 'problem'; readonly problem: string };

/** Without its beginning, a range is as long. */
const usualNs = 3_600_000_000_000n;
const dayNs = 86_400_000_000_000n;

/** The range of these parameters: without `to` it ends now, without `from` it begins an hour before its end. */
export function timeRangeOf(
  { from, to }: { readonly from?: bigint; readonly to?: bigint },
  nowNs: bigint,
  maxRangeNs: bigint,
): ResolvedRange {
  const toNs = to ?? nowNs;
  const fromNs = from ?? (toNs > usualNs ? toNs - usualNs : 0n);
  if (fromNs > toNs)
    return {
      kind: 'problem',
      problem: to === undefined ? 'from: must not be in the future' : 'from: must not be after to',
    };
  if (toNs - fromNs > maxRangeNs)
    return {
      kind: 'problem',
      problem: `from: must be at most ${daysText(maxRangeNs)} before ${to === undefined ? 'now' : 'to'}`,
    };
  return { kind: 'range', range: { fromNs, toNs } };
}

function daysText(nanoseconds: bigint): string {
  return nanoseconds % dayNs === 0n ? `${nanoseconds / dayNs} days` : `${nanoseconds / 1_000_000_000n} s`;
}
