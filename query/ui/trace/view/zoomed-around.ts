import type { Zoom } from '../use-trace-url.ts';

/** Another part of the time, `factor` as long, that keeps the point at `share` where it is; undefined for all of it. */
export function zoomedAround(
  { fromNs, toNs }: Zoom,
  share: number,
  factor: number,
  durationNs: number,
): Zoom | undefined {
  const length = Math.min(durationNs, Math.max(10, (toNs - fromNs) * factor));
  const from = Math.min(Math.max(0, fromNs + (toNs - fromNs - length) * share), durationNs - length);
  return length >= durationNs ? undefined : { fromNs: from, toNs: from + length };
}
