/** Points that are so many seconds apart; more would not be seen in a chart. */
const maxSteps = 2_000;

/** A time of a chart, and what was there. */
export interface Step<Point> {
  readonly timeS: number;
  readonly point: Point | undefined;
}

/** Every step of a range of time, also those that an answer leaves out because nothing was there. All of its points at the least. */
export function everyStep<Point extends { readonly time_s: number }>(
  points: readonly Point[],
  stepS: number,
  { fromNs, toNs }: { readonly fromNs: bigint; readonly toNs: bigint },
): readonly Step<Point>[] {
  const first = Math.floor(Number(fromNs / 1_000_000_000n) / stepS);
  const last = Math.floor(Number(toNs / 1_000_000_000n) / stepS);
  if (!(stepS > 0) || last - first >= maxSteps) return points.map((point) => ({ timeS: point.time_s, point }));
  const byTime = new Map<number, Point>(points.map((point) => [point.time_s, point]));
  const times = new Set(byTime.keys());
  for (let step = first; step <= last; step++) times.add(step * stepS);
  return [...times].sort((one, other) => one - other).map((timeS) => ({ timeS, point: byTime.get(timeS) }));
}
