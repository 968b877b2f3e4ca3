/**
 * Counts calls for Prometheus. Spans are stored again, replaced and late, so nothing can be counted as it arrives: a minute is
 * counted once, from what is stored of it, when it is over and quiet. So counters never fall and count no call twice. Of several
 * sinks one counts a minute (claim-minutes.ts), so the sum over all of them is right.
 */
import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import { integerLiteral, stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import { PipelineError } from '../../core/errors.ts';
import { sleepByTimer, type Sleep } from '../../core/stage/retry.ts';
import type { StageTelemetry } from '../../core/telemetry/stage-telemetry.ts';
import { sinkEvents } from '../internal-events.ts';
import { callMinute } from '../minutes/minute-summary.ts';
import type { CallMetrics } from './call-metrics.ts';
import { claimMinutes, decidedAfterMs, type DueMinutes, dueMinutes, markCounted, wonMinutes } from './claim-minutes.ts';
import { minuteCalls } from './minute-calls.ts';

/** Between two looks for minutes, in milliseconds. */
const pauseMs = 5_000;

/** Calls are seen one to three minutes after they began. */
const usualDue: DueMinutes = { restS: 30, quietMs: 15_000, atLatestS: 300, lookBackS: 3_600 };

/** Of so many counted minutes it is noticed when more calls are stored of them. */
const rememberedMinutes = 60;

/** What counts, and until when. */
export interface CallCountingOptions {
  readonly metrics: CallMetrics;
  /** Unlike that of every other sink. */
  readonly instance: string;
  readonly telemetry: Pick<StageTelemetry, 'emit'>;
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number;
  readonly due?: DueMinutes;
}

/** What is known of a minute that was counted. */
interface CountedMinute {
  calls: number;
  /** The latest change that was looked at, in Unix nanoseconds. */
  changedAtNs: string;
}

/** Claims minutes, and counts those that it got. */
export class CallCounting {
  readonly #clickHouse: ClickHouse;
  readonly #options: Required<CallCountingOptions>;
  /** Claims that are not decided yet: the minute, and when it was claimed. */
  readonly #claimed = new Map<number, number>();
  readonly #counted = new Map<number, CountedMinute>();

  constructor(clickHouse: ClickHouse, options: CallCountingOptions) {
    this.#clickHouse = clickHouse;
    this.#options = { now: () => performance.now(), due: usualDue, ...options };
  }

  /** One look. After a failure the next one goes on where this one was. @throws PipelineError */
  async turn(): Promise<void> {
    await this.#claimDue();
    await this.#countWon();
    await this.#noticeLate();
  }

  async #claimDue(): Promise<void> {
    const { due, instance, now } = this.#options;
    const minutes = (await dueMinutes(this.#clickHouse, due)).filter((minute) => !this.#claimed.has(minute));
    if (minutes.length === 0) return;
    try {
      await claimMinutes(this.#clickHouse, instance, minutes);
    } finally {
      // What failed may have been written.
      for (const minute of minutes) this.#claimed.set(minute, now());
    }
  }

  async #countWon(): Promise<void> {
    const { instance, now } = this.#options;
    const decided = [...this.#claimed].filter(([, atMs]) => now() - atMs >= decidedAfterMs).map(([minute]) => minute);
    if (decided.length === 0) return;
    const won = new Set(await wonMinutes(this.#clickHouse, instance, decided));
    let failure: unknown;
    for (const minute of decided) {
      try {
        if (won.has(minute)) await this.#count(minute);
      } catch (error) {
        // Others may still be read. It is tried again while the claim is ours, and claimed anew later.
        failure = error;
        continue;
      }
      this.#claimed.delete(minute);
    }
    if (failure instanceof Error) throw failure;
  }

  async #count(minute: number): Promise<void> {
    const { now, metrics, telemetry } = this.#options;
    const changedAtNs = await this.#changedAt(minute);
    const groups = await minuteCalls(this.#clickHouse, minute);
    await markCounted(this.#clickHouse, this.#options.instance, minute);
    const overflow = metrics.count(groups, now());
    if (overflow > 0) telemetry.emit(sinkEvents.seriesOverflow, { minute, overflow });
    const calls = groups.reduce((sum, group) => sum + (group.is_call === 1 ? group.spans : 0), 0);
    this.#remember(minute, { calls, changedAtNs });
  }

  #remember(minute: number, counted: CountedMinute): void {
    this.#counted.set(minute, counted);
    const [first] = this.#counted.keys();
    if (this.#counted.size > rememberedMinutes) this.#counted.delete(first!);
  }

  /** When rows of a minute were stored last. */
  async #changedAt(minute: number): Promise<string> {
    const [row] = await this.#changes([minute]);
    return row?.changed_at_ns ?? '0';
  }

  #changes(minutes: readonly number[]): Promise<readonly { minute_s: number; changed_at_ns: string }[]> {
    const list = minutes.map((minute) => `toDateTime(${integerLiteral(minute)}, 'UTC')`).join(', ');
    return this.#clickHouse.select(
      `SELECT toUnixTimestamp(minute) AS minute_s, toString(toUnixTimestamp64Nano(max(changed_at))) AS changed_at_ns
       FROM summed_minute WHERE summary = ${stringLiteral(callMinute.name)} AND minute IN (${list}) GROUP BY minute`,
    );
  }

  async #noticeLate(): Promise<void> {
    if (this.#counted.size === 0) return;
    for (const { minute_s: minute, changed_at_ns: changedAtNs } of await this.#changes([...this.#counted.keys()])) {
      const counted = this.#counted.get(minute)!;
      if (counted.changedAtNs === changedAtNs) continue;
      const [row] = await this.#clickHouse.select<{ calls: number }>(
        `SELECT toFloat64(sum(of.calls)) AS calls FROM call_minute AS of
         WHERE minute = toDateTime(${integerLiteral(minute)}, 'UTC') SETTINGS max_threads = 1, max_execution_time = 20`,
      );
      const { calls } = row!;
      if (calls > counted.calls) this.#options.metrics.late(calls - counted.calls);
      counted.calls = Math.max(counted.calls, calls);
      counted.changedAtNs = changedAtNs;
    }
  }
}

/** Counts until the signal fires. What fails is reported and tried again. */
export async function keepCallsCounted(
  clickHouse: ClickHouse,
  { signal, sleep = sleepByTimer, ...options }: CallCountingOptions & { signal: AbortSignal; sleep?: Sleep },
): Promise<void> {
  const counting = new CallCounting(clickHouse, options);
  while (!signal.aborted) {
    try {
      await counting.turn();
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      options.telemetry.emit(sinkEvents.callsNotCounted, { error });
    }
    await sleep(pauseMs, signal);
  }
}
