import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { TopicPartition } from '../bus/bus.ts';
import type { Accounting } from '../stage/stage.ts';
import { type InternalEvent, runtimeEvents } from './internal-events.ts';
import type { EventFields, Telemetry } from './telemetry.ts';

/** How far a stage is behind in one partition. */
export interface PartitionLag extends TopicPartition {
  /** Messages that have not been read yet. */
  readonly messages: number;
  /** With messages to read: time, in milliseconds since the Unix epoch, at or after which the oldest of them came. */
  readonly behindSinceMs?: number;
}

/** What the stage runtime reports about its stage. */
export interface StageTelemetry {
  emit(event: InternalEvent, fields?: EventFields): void;
  /** The loop has turned, with this number of assigned partitions. */
  turn(partitions: number): void;
  /** A turn with input is over: messages in, and how long processing, delivery and commit took together. */
  batch(turn: { readonly messages: number; readonly bytes: number; readonly durationMs: number }): void;
  /** Lag of the assigned partitions; others are no longer reported. */
  lag(partitions: readonly PartitionLag[]): void;
  /** A message became a dead letter before the stage saw it: counts as received and rejected. */
  refused?(reason: string): void;
}

/** By stage. */
type Accountings = ReadonlyMap<string, () => Accounting>;
type Lags = ReadonlyMap<string, readonly PartitionLag[]>;

interface Metrics {
  readonly durationSeconds: Histogram<'stage'>;
  readonly messages: Counter<'stage'>;
  readonly bytes: Counter<'stage'>;
  readonly lags: Map<string, readonly PartitionLag[]>;
  /** The accounting of each stage of this process. */
  readonly accountings: Map<string, () => Accounting>;
}

/** Today's name of what is in state; and the one before, for a version. */
const bufferedNames = [
  { name: 'spanloom_stage_buffered', note: '' },
  { name: 'spanloom_stage_held', note: ' (former name)' },
] as const;

const metricsOf = new WeakMap<Telemetry, Metrics>();

function createMetrics({ registry }: Telemetry): Metrics {
  const registers = [registry];
  const accountings = new Map<string, () => Accounting>();
  const lags = new Map<string, readonly PartitionLag[]>();
  countOutcomes(registers, accountings);
  showState(registers, accountings);
  showLags(registers, lags);
  return {
    accountings,
    lags,
    durationSeconds: new Histogram({
      name: 'spanloom_stage_batch_duration_seconds',
      help: 'Time to process, deliver and commit the messages of one poll.',
      labelNames: ['stage'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
    messages: new Counter({
      name: 'spanloom_stage_messages_total',
      help: 'Bus messages read.',
      labelNames: ['stage'],
      registers,
    }),
    bytes: new Counter({
      name: 'spanloom_stage_message_bytes_total',
      help: 'Bytes of the values of bus messages read.',
      labelNames: ['stage'],
      registers,
    }),
  };
}

/** Records that came and what became of them. */
function countOutcomes(registers: Registry[], accountings: Accountings): void {
  const record = (name: string, outcome: 'received' | 'emitted'): Counter =>
    new Counter({
      name: `spanloom_stage_${name}_total`,
      help: `Records ${name}.`,
      labelNames: ['stage'],
      registers,
      collect() {
        // The stage counts; what is read here is its count since start, so the counter is set, not raised.
        this.reset();
        for (const [stage, accounting] of accountings) this.inc({ stage }, accounting()[outcome]);
      },
    });
  const byReason = (name: 'dropped' | 'rejected', help: string): Counter =>
    new Counter({
      name: `spanloom_stage_${name}_total`,
      help,
      labelNames: ['stage', 'reason'],
      registers,
      collect() {
        this.reset();
        for (const [stage, accounting] of accountings)
          for (const [reason, count] of Object.entries(accounting()[name])) this.inc({ stage, reason }, count);
      },
    });
  record('received', 'received');
  record('emitted', 'emitted');
  byReason('dropped', 'Records left out on purpose, by reason.');
  byReason('rejected', 'Records that could not be used, by reason.');
}

/** Records in state. */
function showState(registers: Registry[], accountings: Accountings): void {
  for (const { name, note } of bufferedNames) {
    new Gauge({
      name,
      help: `Records in state${note}. received = emitted + dropped + rejected + buffered.`,
      labelNames: ['stage'],
      registers,
      collect() {
        this.reset();
        for (const [stage, accounting] of accountings) this.set({ stage }, accounting().buffered);
      },
    });
    new Gauge({
      name: `${name}_bytes`,
      help: `Encoded size of the records in state, of stages that keep them encoded${note}.`,
      labelNames: ['stage'],
      registers,
      collect() {
        this.reset();
        for (const [stage, accounting] of accountings) {
          const { bufferedBytes } = accounting();
          if (bufferedBytes !== undefined) this.set({ stage }, bufferedBytes);
        }
      },
    });
  }
}

/** How far stages are behind. */
function showLags(registers: Registry[], lags: Lags): void {
  const lag = (name: string, help: string, valueOf: (partition: PartitionLag) => number): void => {
    new Gauge({
      name: `spanloom_stage_lag_${name}`,
      help,
      labelNames: ['stage', 'topic', 'partition'],
      registers,
      collect() {
        this.reset();
        for (const [stage, partitions] of lags)
          for (const each of partitions)
            this.set({ stage, topic: each.topic, partition: each.partition }, valueOf(each));
      },
    });
  };
  lag('messages', 'Unread bus messages of an assigned partition, as last measured.', ({ messages }) => messages);
  lag(
    'seconds',
    'Upper bound of the time that the oldest unread message has waited; 0 when all is read. It counts from the later of the ' +
      'time of the last message read and the last measurement that found all read; before both, from the assignment of ' +
      'the partition. It grows between measurements.',
    ({ behindSinceMs }) => (behindSinceMs === undefined ? 0 : Math.max(0, Date.now() - behindSinceMs) / 1000),
  );
}

/** What became of the records of one stage of this process since it began. */
export interface ReportedStage {
  readonly stage: string;
  readonly accounting: Accounting;
  readonly lags: readonly PartitionLag[];
}

/** All stages of this process that count. */
export function reportedStages(telemetry: Telemetry): readonly ReportedStage[] {
  const metrics = metricsOf.get(telemetry);
  if (metrics === undefined) return [];
  return [...metrics.accountings].map(([stage, accounting]) => ({
    stage,
    accounting: accounting(),
    lags: metrics.lags.get(stage) ?? [],
  }));
}

/** Events of one stage; what is logged and counted is what readiness knows, so the three cannot say different things. */
export function stageEvents(telemetry: Telemetry, stage: string): Pick<StageTelemetry, 'emit'> {
  const { health } = telemetry;
  health.starts(stage);
  return {
    emit(event, fields) {
      telemetry.emit(event, { stage, ...fields });
      const call = fields?.['call'];
      if (typeof call !== 'string') return;
      if (event === runtimeEvents.retried) health.waits(stage, call, fields?.['error']);
      if (event === runtimeEvents.recovered) health.recovers(stage, call);
    },
  };
}

/** Metrics, events and health of one stage, fed from its own accounting each time metrics are read. */
export function stageTelemetry(telemetry: Telemetry, stage: string, accounting: () => Accounting): StageTelemetry {
  let metrics = metricsOf.get(telemetry);
  if (metrics === undefined) metricsOf.set(telemetry, (metrics = createMetrics(telemetry)));
  const refusals: Record<string, number> = {};
  metrics.accountings.set(stage, () => withRefusals(accounting(), refusals));
  const labels = { stage };
  const { durationSeconds, messages, bytes, lags } = metrics;
  const { health } = telemetry;
  return {
    ...stageEvents(telemetry, stage),
    turn: (partitions) => health.turns(stage, partitions > 0),
    batch(turn) {
      durationSeconds.observe(labels, turn.durationMs / 1000);
      messages.inc(labels, turn.messages);
      bytes.inc(labels, turn.bytes);
    },
    lag: (partitions) => void lags.set(stage, partitions),
    refused: (reason) => (refusals[reason] = (refusals[reason] ?? 0) + 1),
  };
}

/** The accounting of a stage, plus the messages that the runtime rejected before it. */
function withRefusals(accounting: Accounting, refusals: Readonly<Record<string, number>>): Accounting {
  const reasons = Object.entries(refusals);
  if (reasons.length === 0) return accounting;
  const { received, emitted, dropped, buffered, bufferedBytes } = accounting;
  const rejected: Record<string, number> = { ...accounting.rejected };
  let all = 0;
  for (const [reason, count] of reasons) {
    rejected[reason] = (rejected[reason] ?? 0) + count;
    all += count;
  }
  return {
    received: received + all,
    emitted,
    dropped,
    rejected,
    buffered,
    ...(bufferedBytes === undefined ? {} : { bufferedBytes }),
  };
}
