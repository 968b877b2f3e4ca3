import { momentText } from '../text/moment.ts';

/** From one moment to another to the second, without what both have in common: `2026-01-31 12:03:10 to 12:04:00`. */
export function periodText(fromNs: bigint, toNs: bigint): string {
  const [from, to] = [secondText(fromNs), secondText(toNs)];
  if (from === to) return from;
  const [day = '', ...time] = to.split(' ');
  return from.startsWith(`${day} `) ? `${from} to ${time.join(' ')}` : `${from} to ${to}`;
}

/** Unix nanoseconds in the person's time zone, to the second. */
export const secondText = (ns: bigint): string => momentText(ns).replace(/\.\d{3}$/, '');

/** How long ago a moment was: `3 s ago`. @param nowMs Unix time in milliseconds */
export function agoText(ns: bigint, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Number(ns / 1_000_000n)) / 1_000));
  if (seconds < 100) return `${seconds} s ago`;
  if (seconds < 6_000) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h ago` : `${Math.round(seconds / 86_400)} d ago`;
}
