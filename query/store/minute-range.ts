import { integerLiteral } from '../../core/clickhouse/sql-literal.ts';
import type { Reader } from './read-limits.ts';
import type { TimeRange } from './time-range.ts';

/** Whole minutes, both included, in Unix seconds. */
export interface MinuteRange {
  readonly fromS: number;
  readonly toS: number;
}

const minuteS = 60;
const nsPerSecond = 1_000_000_000n;
const hourS = 3_600;
/** What DateTime holds. */
const lastS = 4_294_967_280;

/** A range as it is asked for, in Unix nanoseconds. */
export interface AskedRange {
  readonly fromNs?: bigint;
  readonly toNs?: bigint;
}

/**
 * The minutes of a range that is asked for. Without an end it ends with what was stored last, without a beginning it is an hour.
 */
export async function minutesOf(reader: Reader, { fromNs, toNs }: AskedRange): Promise<MinuteRange> {
  const toS = toNs === undefined ? await lastMinute(reader) : secondsOf(toNs);
  const fromS = fromNs === undefined ? toS - hourS + minuteS : secondsOf(fromNs);
  return { fromS: Math.max(0, fromS), toS };
}

function secondsOf(timeNs: bigint): number {
  const seconds = Number(timeNs / nsPerSecond);
  return Math.max(0, Math.min(lastS, seconds - (seconds % minuteS)));
}

async function lastMinute(reader: Reader): Promise<number> {
  const [row] = await reader.select<{ last: number }>(
    "SELECT toUnixTimestamp(max(minute)) AS last FROM summed_minute WHERE summary = 'call_minute'",
  );
  return row?.last ?? 0;
}

/** A condition on the column `minute`. */
export const minutesSql = ({ fromS, toS }: MinuteRange): string =>
  `minute >= toDateTime(${integerLiteral(fromS)}, 'UTC') AND minute <= toDateTime(${integerLiteral(toS)}, 'UTC')`;

/** The same in nanoseconds, for conditions on `start_time`. */
export const timesOfMinutes = ({ fromS, toS }: MinuteRange): TimeRange => ({
  fromNs: BigInt(fromS) * nsPerSecond,
  toNs: BigInt(toS + minuteS) * nsPerSecond - 1n,
});
