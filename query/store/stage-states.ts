/**
 * What became of the records of every stage in a range of time, from the reports that the sink has stored (table `stage_report`).
 * A report has all counts since its process began, so what happened in the range is a difference: of the last report in it, and of
 * the last one before it, or of nothing where the process began in the range.
 */
import { integerLiteral, plainBytesLiteral, stringLiteral, timeLiteral } from '../../core/clickhouse/sql-literal.ts';
import { isLoss, type Outcome } from '../../core/stage/losses.ts';
import type { Reader } from './read-limits.ts';
import type { TimeRange } from './time-range.ts';

/** Counts by reason. */
export type Reasons = Readonly<Record<string, number>>;

/** One stage of one run of a process, in a range of time. */
export interface StageState {
  readonly stage: string;
  /** 32 hex digits: one run of one process. */
  readonly instance: string;
  readonly host: string;
  readonly version: string;
  readonly startedAtNs: bigint;
  /** Its last report in the range. */
  readonly reportedAtNs: bigint;
  /** Records in the range. */
  readonly received: number;
  readonly emitted: number;
  readonly dropped: Reasons;
  readonly rejected: Reasons;
  /** As last reported. */
  readonly buffered: number;
  readonly lagMessages: number;
  readonly lagMs: number;
}

/** Records that were lost or left incomplete by a stage on a host, for one reason. */
export interface StageLoss {
  readonly stage: string;
  readonly host: string;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly count: number;
  /** Reports between which it happened: none before the first has it, the last has all of it. */
  readonly firstNs: bigint;
  readonly lastNs: bigint;
}

/** Stages of all processes that reported. */
export interface StageStates {
  /** In the order of the data, then by host. */
  readonly stages: readonly StageState[];
  /** The greatest first. */
  readonly losses: readonly StageLoss[];
  /** There are more processes than are read. */
  readonly isTruncated: boolean;
}

/** Stages of processes are read up to this number, those that reported last. */
export const maxStageStates = 1_000;
/** Of so many of them, those with most losses, the times of losses are looked up. */
const maxLosing = 100;
/** A process that reports has done so at least once in this time. */
const baselineNs = 120_000_000_000n;

const stageOrder = ['collector', 'resources', 'enricher', 'correlator', 'sink', 'sink-otlp', 'sink-otlp-endpoint'];

/** A row of {@link statesSql}: counts as decimal text, since they have 64 bits. */
interface StateRow {
  readonly stage: string;
  readonly instance: string;
  readonly host: string;
  readonly version: string;
  readonly started_at_ns: string;
  readonly reported_at_ns: string;
  readonly received: string;
  readonly emitted: string;
  /** In the range. */
  readonly dropped: CountTexts;
  readonly rejected: CountTexts;
  /** Since the process began. */
  readonly dropped_last: CountTexts;
  readonly rejected_last: CountTexts;
  readonly buffered: string;
  readonly lag_messages: string;
  readonly lag_ms: string;
}
type CountTexts = Readonly<Record<string, string>>;

function statesSql({ fromNs, toNs }: TimeRange): string {
  const from = timeLiteral(fromNs);
  // A process that began earlier and has no report of before is counted from its first one in the range.
  const lastAndBase = (column: string): string =>
    `argMax(${column}, time) AS ${column}_end,
        if(countIf(time < ${from}) > 0, argMaxIf(${column}, time, time < ${from}), argMin(${column}, time)) AS ${column}_base`;
  const gain = (column: string): string => `toString(${column}_end - if(began_within, 0, ${column}_base)) AS ${column}`;
  const asText = (column: string, count: string, name: string): string =>
    `CAST(mapApply((reason, count) -> (reason, toString(${count})), ${column}_end), 'Map(String, String)') AS ${name}`;
  const gains = (column: string): string =>
    `${asText(column, `count - if(began_within, 0, ${column}_base[reason])`, column)}, ${asText(column, 'count', `${column}_last`)}`;
  return `SELECT stage, lower(hex(instance_bytes)) AS instance, host, version,
      toString(toUnixTimestamp64Nano(started)) AS started_at_ns, toString(toUnixTimestamp64Nano(reported)) AS reported_at_ns,
      ${gain('received')}, ${gain('emitted')}, ${gains('dropped')}, ${gains('rejected')},
      toString(buffered_end) AS buffered, toString(lag_messages_end) AS lag_messages, toString(lag_ms_end) AS lag_ms
    FROM (
      SELECT toString(report.stage) AS stage, report.instance AS instance_bytes, toString(any(report.host)) AS host,
        toString(any(report.version)) AS version, any(started_at) AS started, max(time) AS reported,
        any(started_at) >= ${from} AS began_within,
        ${['received', 'emitted', 'dropped', 'rejected'].map(lastAndBase).join(',\n        ')},
        ${['buffered', 'lag_messages', 'lag_ms'].map((column) => `argMax(report.${column}, time) AS ${column}_end`).join(', ')}
      FROM stage_report AS report
      WHERE time >= ${timeLiteral(fromNs > baselineNs ? fromNs - baselineNs : 0n)} AND time <= ${timeLiteral(toNs)}
      GROUP BY report.stage, report.instance
      HAVING max(time) >= ${from}
      ORDER BY reported DESC, instance_bytes, stage LIMIT ${integerLiteral(maxStageStates + 1)})`;
}

/** A reason for which one stage of one process lost something: its count before the range, and at its end. */
interface Losing extends Pick<StageLoss, 'stage' | 'host' | 'outcome' | 'reason' | 'count'> {
  readonly instance: string;
  readonly last: bigint;
}

interface LossTimesRow {
  readonly number: number;
  readonly first_ns: string;
  readonly last_ns: string;
}

/** When each count began to grow in the range, and when it stopped. */
function lossTimesSql(losing: readonly Losing[], { fromNs, toNs }: TimeRange): string {
  const rows = losing.map(
    ({ instance, stage, outcome, reason, count, last }, number) =>
      `(${integerLiteral(number)}, ${plainBytesLiteral(instance)}, ${stringLiteral(stage)}, ${stringLiteral(outcome)}, ` +
      `${stringLiteral(reason)}, ${integerLiteral(last - BigInt(count))}, ${integerLiteral(last)})`,
  );
  const types = 'Tuple(UInt32, FixedString(16), String, String, String, Int64, Int64)';
  const value = `if(losing.4 = 'dropped', dropped[losing.5], rejected[losing.5])`;
  return `SELECT losing.1 AS number, toString(toUnixTimestamp64Nano(minIf(time, ${value} > losing.6))) AS first_ns,
      toString(toUnixTimestamp64Nano(minIf(time, ${value} >= losing.7))) AS last_ns
    FROM stage_report
    INNER JOIN (SELECT arrayJoin(CAST([${rows.join(', ')}], 'Array(${types})')) AS losing, losing.2 AS losing_instance,
      losing.3 AS losing_stage) AS losses ON instance = losing_instance AND toString(stage) = losing_stage
    WHERE time >= ${timeLiteral(fromNs)} AND time <= ${timeLiteral(toNs)}
      AND instance IN (${[...new Set(losing.map(({ instance }) => plainBytesLiteral(instance)))].join(', ')})
    GROUP BY number`;
}

/** Reads what became of the records of all stages that reported in a range of time. */
export async function readStageStates(reader: Reader, range: TimeRange): Promise<StageStates> {
  const rows = await reader.select<StateRow>(statesSql(range));
  const read = rows.slice(0, maxStageStates);
  const losing = read
    .flatMap(losingOf)
    .toSorted((left, right) => right.count - left.count)
    .slice(0, maxLosing);
  const times = losing.length === 0 ? [] : await reader.select<LossTimesRow>(lossTimesSql(losing, range));
  return {
    stages: read.map(stateOf).toSorted(byStageAndHost),
    losses: lossesOf(losing, times),
    isTruncated: rows.length > maxStageStates,
  };
}

function stateOf(row: StateRow): StageState {
  return {
    stage: row.stage,
    instance: row.instance,
    host: row.host,
    version: row.version,
    startedAtNs: BigInt(row.started_at_ns),
    reportedAtNs: BigInt(row.reported_at_ns),
    received: Number(row.received),
    emitted: Number(row.emitted),
    dropped: occurred(row.dropped),
    rejected: occurred(row.rejected),
    buffered: Number(row.buffered),
    lagMessages: Number(row.lag_messages),
    lagMs: Number(row.lag_ms),
  };
}

/** Reasons that occurred in the range. */
function occurred(counts: CountTexts): Reasons {
  const numbers = Object.entries(counts).map(([reason, count]) => [reason, Number(count)] as const);
  return Object.fromEntries(numbers.filter(([, count]) => count > 0));
}

function losingOf(row: StateRow): readonly Losing[] {
  const { stage, host, instance } = row;
  return (['dropped', 'rejected'] as const).flatMap((outcome) =>
    Object.entries(occurred(row[outcome])).flatMap(([reason, count]) =>
      isLoss(outcome, reason)
        ? [{ stage, host, instance, outcome, reason, count, last: BigInt(row[`${outcome}_last`][reason]!) }]
        : [],
    ),
  );
}

/** What is lost on one host for one reason, by whichever process, is one loss. */
function lossesOf(losing: readonly Losing[], times: readonly LossTimesRow[]): readonly StageLoss[] {
  const byKey = new Map<string, StageLoss>();
  for (const [number, { stage, host, outcome, reason, count }] of losing.entries()) {
    const time = times.find((row) => row.number === number);
    if (time === undefined) continue;
    const [firstNs, lastNs] = [BigInt(time.first_ns), BigInt(time.last_ns)];
    const key = JSON.stringify([stage, host, outcome, reason]);
    const known = byKey.get(key) ?? { stage, host, outcome, reason, count: 0, firstNs, lastNs };
    byKey.set(key, {
      ...known,
      count: known.count + count,
      firstNs: firstNs < known.firstNs ? firstNs : known.firstNs,
      lastNs: lastNs > known.lastNs ? lastNs : known.lastNs,
    });
  }
  return [...byKey.values()].toSorted((left, right) => right.count - left.count);
}

function byStageAndHost(left: StageState, right: StageState): number {
  const place = ({ stage }: StageState): number =>
    (stageOrder.indexOf(stage) + stageOrder.length + 1) % (stageOrder.length + 1);
  return (
    place(left) - place(right) ||
    left.stage.localeCompare(right.stage) ||
    left.host.localeCompare(right.host) ||
    left.instance.localeCompare(right.instance)
  );
}
