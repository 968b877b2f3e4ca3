/** The counts of all processes, added up by stage, as a person reads them: passed on, waiting, left out on purpose, lost. */
import { isLoss, type Outcome } from '../../../core/stage/losses.ts';
import type { StateAnswer } from '../../api/routes/state.ts';

export type ProcessState = StateAnswer['stages'][number];

/** Records of one stage that were not passed on, for one reason. */
export interface ReasonCount {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly count: number;
}

/** Counts of one process, or of all of a stage. */
export interface Counts {
  readonly received: number;
  readonly emitted: number;
  readonly buffered: number;
  readonly leftOut: number;
  /** Dropped or refused, and missing therefore. */
  readonly lost: number;
  /** What the numbers do not explain. Waiting records of before the range are unknown, so only an excess shows. */
  readonly unaccounted: number;
  readonly lagMessages: number;
  readonly lagMs: number;
}

export interface StageSummary extends Counts {
  readonly stage: string;
  readonly processes: readonly ProcessState[];
  /** The greatest first. */
  readonly reasons: readonly ReasonCount[];
}

/** Stages through which a record goes, in this order. Others work beside them. */
const chain: readonly string[] = ['collector', 'enricher', 'correlator', 'sink'];

/** Whether records go through it on their way from kernel to ClickHouse. */
export const isInChain = (stage: string): boolean => chain.includes(stage);

/** Stages in the order of the data, also those of the chain of which nothing is known; then those beside it. */
export function stageSummaries(processes: readonly ProcessState[]): readonly StageSummary[] {
  const byStage = new Map<string, ProcessState[]>(chain.map((stage) => [stage, []]));
  for (const process of processes) {
    const members = byStage.get(process.stage);
    if (members === undefined) byStage.set(process.stage, [process]);
    else members.push(process);
  }
  return [...byStage].map(([stage, members]) => summaryOf(stage, members));
}

function summaryOf(stage: string, processes: readonly ProcessState[]): StageSummary {
  const counts = processes.map(countsOf);
  const sum = (field: keyof Counts): number => counts.reduce((total, each) => total + each[field], 0);
  return {
    stage,
    processes,
    reasons: reasonsOf(processes),
    received: sum('received'),
    emitted: sum('emitted'),
    buffered: sum('buffered'),
    leftOut: sum('leftOut'),
    lost: sum('lost'),
    unaccounted: sum('unaccounted'),
    lagMessages: sum('lagMessages'),
    lagMs: counts.reduce((longest, { lagMs }) => Math.max(longest, lagMs), 0),
  };
}

/** Counts of one process. */
export function countsOf(process: ProcessState): Counts {
  const reasons = reasonsOf([process]);
  const total = (isWanted: (each: ReasonCount) => boolean): number =>
    reasons.filter(isWanted).reduce((sum, { count }) => sum + count, 0);
  const { received, emitted, buffered, lag_messages: lagMessages, lag_ms: lagMs } = process;
  const lost = total(isLost);
  const leftOut = total((each) => !isLost(each));
  const unaccounted = Math.max(0, received - emitted - lost - leftOut - buffered);
  return { received, emitted, buffered, leftOut, lost, unaccounted, lagMessages, lagMs };
}

/** Whether something is missing for this reason. */
export const isLost = ({ outcome, reason }: ReasonCount): boolean => isLoss(outcome, reason);

function reasonsOf(processes: readonly ProcessState[]): readonly ReasonCount[] {
  const counts = new Map<string, ReasonCount>();
  for (const process of processes)
    for (const outcome of ['dropped', 'rejected'] as const)
      for (const [reason, count] of Object.entries(process[outcome])) {
        const key = `${outcome} ${reason}`;
        counts.set(key, { outcome, reason, count: count + (counts.get(key)?.count ?? 0) });
      }
  return [...counts.values()].filter(({ count }) => count > 0).toSorted((left, right) => right.count - left.count);
}

/** Whether a process reports: `ended` where another of its stage began on its host later, `silent` where none did. */
export type Reporting = 'reports' | 'ended' | 'silent';

/** A process reports every 10 s; longer than this without one is silence. */
const silentNs = 35_000_000_000n;

/** @param untilNs end of the time shown */
export function reportingOf(process: ProcessState, all: readonly ProcessState[], untilNs: bigint): Reporting {
  if (untilNs - BigInt(process.reported_at_ns) <= silentNs) return 'reports';
  const startedNs = BigInt(process.started_at_ns);
  const isFollowed = all.some(
    (other) => other.stage === process.stage && other.host === process.host && BigInt(other.started_at_ns) > startedNs,
  );
  return isFollowed ? 'ended' : 'silent';
}
