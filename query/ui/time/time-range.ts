/** Ranges of time as addresses of pages name them: `last=15m`, or `from` and `to` in Unix nanoseconds or ISO 8601. */
import { durationText, parseDuration } from '../text/duration.ts';
import { momentText } from '../text/moment.ts';

/** The time up to now, or from one moment to another. Both may be asked for again and again; only the first changes. */
export type TimeRange =
  | { readonly kind: 'last'; readonly ms: number }
  | { readonly kind: 'between'; readonly fromNs: bigint; readonly toNs: bigint };

/** `from` and `to` of the API, in Unix nanoseconds. */
export interface RangeParameters {
  readonly from: string;
  readonly to: string;
}

/** The first moment whose nanoseconds have 19 digits, by which the API tells their unit; and the last one that 64 bits hold. */
const [earliestNs, latestNs] = [10n ** 18n, 9_223_372_036_000_000_000n];
const longestMs = 366 * 86_400_000;

/** What an address says; what it does not say, or not rightly, is the default. */
export function readRange(parameters: URLSearchParams, defaultMs: number): TimeRange {
  const [fromNs, toNs] = [readMoment(parameters.get('from')), readMoment(parameters.get('to'))];
  if (fromNs !== undefined && toNs !== undefined && fromNs < toNs) return { kind: 'between', fromNs, toNs };
  const ns = parseDuration(parameters.get('last') ?? '') ?? 0;
  return { kind: 'last', ms: ns >= 1e9 ? Math.min(ns / 1e6, longestMs) : defaultMs };
}

/** Unix nanoseconds of digits or of ISO 8601. */
export function readMoment(text: string | null): bigint | undefined {
  if (text === null) return undefined;
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n;
}

/** Parameters of an address; those that are empty are left out of it. */
export function writeRange(range: TimeRange): { readonly last: string; readonly from: string; readonly to: string } {
  return range.kind === 'last'
    ? { last: lastText(range.ms).replace(' ', ''), from: '', to: '' }
    : { last: '', from: String(range.fromNs), to: String(range.toNs) };
}

/** What the API is asked for at a time. @param nowMs Unix time in milliseconds */
export function rangeParameters(range: TimeRange, nowMs: number): RangeParameters {
  const { fromNs, toNs } = momentsOf(range, nowMs);
  return { from: String(clamped(fromNs)), to: String(clamped(toNs)) };
}

/** Its first and last moment. */
export function momentsOf(range: TimeRange, nowMs: number): { readonly fromNs: bigint; readonly toNs: bigint } {
  if (range.kind === 'between') return range;
  const toNs = BigInt(Math.ceil(nowMs)) * 1_000_000n;
  return { fromNs: toNs - BigInt(Math.round(range.ms)) * 1_000_000n, toNs };
}

/** Its length in seconds. */
export const rangeSeconds = (range: TimeRange): number =>
  range.kind === 'last' ? range.ms / 1_000 : Number(range.toNs - range.fromNs) / 1e9;

/** As a sentence names it: `the last 15 min`. */
export function rangeText(range: TimeRange): string {
  return range.kind === 'last'
    ? `the last ${lastText(range.ms)}`
    : `${momentText(range.fromNs)} to ${momentText(range.toNs)}`;
}

function lastText(ms: number): string {
  for (const [unit, name] of [
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ] as const)
    if (ms >= unit && ms % unit === 0) return `${ms / unit} ${name}`;
  return durationText(ms * 1e6);
}

function clamped(ns: bigint): bigint {
  if (ns < earliestNs) return earliestNs;
  return ns > latestNs ? latestNs : ns;
}
