/**
 * Reports of the stages of a process: what became of their records, sent to the topic `stage-reports` every few seconds. The sink
 * stores them, so that a person who looks at traces sees what is missing in them, also of stages on other hosts and of the past.
 *
 * A report has all counts since the process began. So nothing depends on a single one: where none could be sent, the next tells as much.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { writeStageReport, type StageCounts, type StageReport } from '../../schemas/generated/stage-report.ts';
import type { Bus, Producer } from '../bus/bus.ts';
import { encodeValue, outgoingMessage } from '../codec.ts';
import { runtimeEvents } from '../telemetry/internal-events.ts';
import { type ReportedStage, reportedStages } from '../telemetry/stage-telemetry.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Topic } from '../topics.ts';

/** Time to the first report, and between two. The first comes soon, so that a person who starts a process sees something. */
const defaultPace = { firstMs: 1_000, everyMs: 10_000 };

/** Who reports: one run of one process. */
export type Reporter = Pick<StageReport, 'instance' | 'host' | 'version' | 'startedAtNs'>;

/** This process from now on. @param version of spanloom */
export function newReporter(version: string): Reporter {
  const startedAtNs = BigInt(Date.now()) * 1_000_000n;
  return { instance: randomBytes(16).toString('hex'), host: hostname(), version, startedAtNs };
}

/** The report of some stages. @param nowMs Unix time in milliseconds */
export function stageReport(reporter: Reporter, stages: readonly ReportedStage[], nowMs: number): StageReport {
  return { ...reporter, timeNs: BigInt(nowMs) * 1_000_000n, stages: stages.map((stage) => countsOf(stage, nowMs)) };
}

function countsOf({ stage, accounting, lags }: ReportedStage, nowMs: number): StageCounts {
  const { received, emitted, buffered, dropped, rejected } = accounting;
  const behindSinceMs = lags.map((lag) => lag.behindSinceMs ?? nowMs);
  return {
    stage,
    received,
    emitted,
    buffered,
    dropped: counted(dropped),
    rejected: counted(rejected),
    lagMessages: lags.reduce((sum, { messages }) => sum + messages, 0),
    lagMs: Math.round(nowMs - Math.min(nowMs, ...behindSinceMs)),
  };
}

/** Reasons that have occurred. */
function counted(counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

/** Options of {@link reportStages}. */
export interface ReportStagesOptions {
  readonly bus: Pick<Bus, 'producer'>;
  readonly telemetry: Telemetry;
  /** Version of spanloom. */
  readonly version: string;
  readonly signal: AbortSignal;
  readonly pace?: { readonly firstMs: number; readonly everyMs: number };
}

/** Reports the stages of this process until the signal fires. Never throws: a process does its work without reports, too. */
export async function reportStages(options: ReportStagesOptions): Promise<void> {
  const { bus, telemetry, version, signal, pace = defaultPace } = options;
  const reporter = newReporter(version);
  let producer: Producer | undefined;
  let hasFailed = false;
  const isStopped = (): boolean => signal.aborted;
  for (let waitMs = pace.firstMs; ; waitMs = pace.everyMs) {
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
    if (isStopped()) break;
    try {
      producer ??= await bus.producer();
      await send(producer, stageReport(reporter, reportedStages(telemetry), Date.now()));
      hasFailed = false;
    } catch (error) {
      // Once while it lasts: what keeps it from sending is mostly said by the stages as well.
      if (!hasFailed && !isStopped()) telemetry.emit(runtimeEvents.unreported, { error });
      hasFailed = true;
    }
  }
  await producer?.close();
}

async function send(producer: Producer, report: StageReport): Promise<void> {
  if (report.stages.length === 0) return;
  const value = encodeValue(report, writeStageReport);
  await producer.send([outgoingMessage('stage-reports' satisfies Topic, report.instance, 'StageReport', value)]);
}
