import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import { integerLiteral, stringLiteral, timeLiteral } from '../../core/clickhouse/sql-literal.ts';
import { PipelineError } from '../../core/errors.ts';
import { sleepByTimer, type Sleep } from '../../core/stage/retry.ts';
import type { StageTelemetry } from '../../core/telemetry/stage-telemetry.ts';
import { sinkEvents } from '../internal-events.ts';
import { type MinuteSummary, minuteSummaries } from './minute-summary.ts';

/**
 * Longest time of a statement, in seconds. Two sinks may sum the same minute up. They write the same lines as long as they see the same
 * rows, and they do because both statements of a minute end before it could have changed and been quiet again.
 */
const statementSeconds = 8;
const quietMs = 20_000;
/** Between two looks for minutes to sum up, in milliseconds. */
const pauseMs = 5_000;
/** Of the time at most: 1 / (1 + this). */
const restFactor = 9;

/** Most minutes that failed and are remembered. */
const failedAtMost = 1_000;

/** Light on the host, as nobody waits for it. Groups beyond a size go to disk. */
const settings = `SETTINGS max_threads = 1, max_execution_time = ${statementSeconds}, max_bytes_before_external_group_by = 200000000`;

/** Options of {@link sumNextMinute}. */
export interface SumOptions {
  /** How long a minute must not have changed, in milliseconds of the database's clock. */
  readonly quietMs: number;
  /** Minutes that come after all others, in Unix seconds. */
  readonly last?: ReadonlySet<number>;
}

/** A minute that could not be summed up. */
export class MinuteError extends Error {
  /** In Unix seconds. */
  readonly minute: number;

  constructor(minute: number, cause: PipelineError) {
    super(cause.message, { cause });
    this.minute = minute;
  }
}

/**
 * Sums up the latest minute that has changed and is quiet now. It may be interrupted anywhere: a minute counts as summed up once
 * its last statement has been run.
 *
 * @returns false if there was none
 * @throws MinuteError on failure of a minute; PipelineError DESTINATION_UNAVAILABLE, DESTINATION_REFUSED
 */
export async function sumNextMinute(
  clickHouse: ClickHouse,
  { name }: MinuteSummary,
  { quietMs: quietForMs, last = new Set() }: SumOptions,
): Promise<boolean> {
  const summary = stringLiteral(name);
  const isLast =
    last.size === 0 ? '' : `toUnixTimestamp(changed_minute.minute) IN (${[...last].map(integerLiteral).join(', ')}), `;
  // The time is taken before rows are read: in the statement that reads them it could be later than what that sees.
  const [due] = await clickHouse.select<{ minute: number; nowNs: string }>(
    `SELECT toUnixTimestamp(changed_minute.minute) AS minute, toString(toUnixTimestamp64Nano(now64(9))) AS nowNs FROM changed_minute
     WHERE summary = ${summary} AND last_change <= now64(9) - toIntervalMillisecond(${integerLiteral(quietForMs)})
     ORDER BY ${isLast}changed_minute.minute DESC LIMIT 1`,
  );
  if (due === undefined) return false;
  const minute = `toDateTime(${integerLiteral(due.minute)}, 'UTC')`;
  const readAtNs = BigInt(due.nowNs);
  try {
    // What was there goes, as tags of rows may have changed; what comes has a version above it.
    await clickHouse.execute(
      `INSERT INTO ${name}_sum SELECT * EXCEPT (version, is_deleted), ${integerLiteral(readAtNs)}, 1
       FROM ${name}_sum FINAL WHERE minute = ${minute} ${settings}`,
    );
    await clickHouse.execute(
      `INSERT INTO ${name}_sum SELECT *, ${integerLiteral(readAtNs + 1n)}, 0 FROM ${name}_now WHERE minute = ${minute} ${settings}`,
    );
    await clickHouse.execute(
      `INSERT INTO summed_minute (summary, minute, summed_at) SELECT ${summary}, ${minute}, ${timeLiteral(readAtNs)}`,
    );
  } catch (error) {
    throw error instanceof PipelineError ? new MinuteError(due.minute, error) : error;
  }
  return true;
}

/** Who sums up, and until when. */
export interface SummingOptions {
  readonly telemetry: Pick<StageTelemetry, 'emit'>;
  readonly signal: AbortSignal;
  readonly sleep?: Sleep;
}

/**
 * Sums minutes up until the signal fires. What fails is reported and left as it is: readers then add the rows up themselves. A minute
 * that failed is tried again after all others.
 */
export async function keepMinutesSummed(
  clickHouse: ClickHouse,
  { telemetry, signal, sleep = sleepByTimer }: SummingOptions,
): Promise<void> {
  const failed = new Map(minuteSummaries.map((summary) => [summary, new Set<number>()]));
  while (!signal.aborted) {
    const startedAtMs = performance.now();
    for (const [summary, last] of failed) {
      try {
        await sumQuietMinutes(clickHouse, summary, last, signal);
        last.clear();
      } catch (error) {
        if (!(error instanceof MinuteError || error instanceof PipelineError)) throw error;
        telemetry.emit(sinkEvents.minuteNotSummed, { view: summary.name, error });
        if (error instanceof MinuteError && last.size < failedAtMost) last.add(error.minute);
      }
    }
    await sleep(Math.max(pauseMs, (performance.now() - startedAtMs) * restFactor), signal);
  }
}

async function sumQuietMinutes(
  clickHouse: ClickHouse,
  summary: MinuteSummary,
  last: ReadonlySet<number>,
  signal: AbortSignal,
): Promise<void> {
  for (let isMore = true; isMore && !signal.aborted;)
    isMore = await sumNextMinute(clickHouse, summary, { quietMs, last });
}
