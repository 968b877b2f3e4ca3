/** Ranges of time as addresses of pages name them: `last=15m`, or `from` and `to` in Unix nanoseconds or ISO 8601. */
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
/** The longest first. */
const unitMs: ReadonlyMap<string, number> = new Map([
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
]);

/** What an address says; what it does not say, or not rightly, is the default. */
export function readRange(parameters: URLSearchParams, defaultMs: number): TimeRange {
  const [fromNs, toNs] = [readMoment(parameters.get('from')), readMoment(parameters.get('to'))];
  if (fromNs !== undefined && toNs !== undefined && fromNs < toNs) return { kind: 'between', fromNs, toNs };
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(parameters.get('last') ?? '') ?? [];
  const ms = Number(count) * (unitMs.get(unit) ?? 0);
  return { kind: 'last', ms: ms > 0 ? Math.min(ms, longestMs) : defaultMs };
}

/** Whether an address says what time is shown. */
export const hasRange = (parameters: URLSearchParams): boolean =>
  ['last', 'from', 'to'].some((name) => parameters.has(name));

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
    ? { last: inUnit(range.ms).join(''), from: '', to: '' }
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

/** A number and the greatest unit of which it is a multiple. */
function inUnit(ms: number): readonly [number, string] {
  for (const [unit, length] of unitMs) if (ms % length === 0) return [ms / length, unit];
  return [Math.ceil(ms / 1_000), 's'];
}

function lastText(ms: number): string {
  const [count, unit] = inUnit(ms);
  return `${count} ${unit === 'm' ? 'min' : unit}`;
}

function clamped(ns: bigint): bigint {
  if (ns < earliestNs) return earliestNs;
  return ns > latestNs ? latestNs : ns;
}
