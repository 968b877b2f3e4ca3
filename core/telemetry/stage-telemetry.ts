import { Counter, Gauge, Histogram } from 'prom-client';
import type { Accounting } from '../stage/stage.ts';
import type { InternalEvent } from './internal-events.ts';
import type { EventFields, Telemetry } from './telemetry.ts';

/** What the stage runtime tells of its stage. */
export interface StageTelemetry {
  emit(event: InternalEvent, fields?: EventFields): void;
  /** One turn of the loop is over: messages in, and how long processing, delivery and commit took together. */
  batch(turn: { readonly messages: number; readonly bytes: number; readonly durationMs: number }): void;
  /** Messages of the assigned partitions that have not been read yet. */
  lag(messages: number): void;
}

interface Metrics {
  readonly durationSeconds: Histogram<'stage'>;
  readonly messages: Counter<'stage'>;
  readonly bytes: Counter<'stage'>;
  readonly lag: Gauge<'stage'>;
  /** Where the records of each stage of this process are told. */
  readonly accountings: Map<string, () => Accounting>;
}

const metricsOf = new WeakMap<Telemetry, Metrics>();

function createMetrics({ registry }: Telemetry): Metrics {
  const registers = [registry];
  const accountings = new Map<string, () => Accounting>();
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
  new Gauge({
    name: 'spanloom_stage_held',
    help: 'Records in state. received = emitted + dropped + rejected + held.',
    labelNames: ['stage'],
    registers,
    collect() {
      this.reset();
      for (const [stage, accounting] of accountings) this.set({ stage }, accounting().held);
    },
  });
  return {
    accountings,
    durationSeconds: new Histogram({
      name: 'spanloom_stage_batch_duration_seconds',
      help: 'Time to process, deliver and commit what one poll brought.',
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
    lag: new Gauge({
      name: 'spanloom_stage_lag_messages',
      help: 'Bus messages not read yet.',
      labelNames: ['stage'],
      registers,
    }),
  };
}

/** Metrics and events of one stage, fed from its own accounting each time metrics are read. */
export function stageTelemetry(telemetry: Telemetry, stage: string, accounting: () => Accounting): StageTelemetry {
  let metrics = metricsOf.get(telemetry);
  if (metrics === undefined) metricsOf.set(telemetry, (metrics = createMetrics(telemetry)));
  metrics.accountings.set(stage, accounting);
  const labels = { stage };
  const { durationSeconds, messages, bytes, lag } = metrics;
  return {
    emit: (event, fields) => telemetry.emit(event, { stage, ...fields }),
    batch(turn) {
      durationSeconds.observe(labels, turn.durationMs / 1000);
      messages.inc(labels, turn.messages);
      bytes.inc(labels, turn.bytes);
    },
    lag: (count) => lag.set(labels, count),
  };
}
