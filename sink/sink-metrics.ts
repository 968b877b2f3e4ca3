import { Counter, Histogram } from 'prom-client';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import { type RowBatch, rowCounts } from './stage.ts';

/** Registers metrics of what was stored, and how long it took. */
export function sinkMetrics({ registry }: Telemetry): {
  readonly stored: (batch: RowBatch, durationMs: number) => void;
} {
  const rows = new Counter({
    name: 'spanloom_sink_rows_total',
    help: 'Rows written, by table; repeated writes count again.',
    labelNames: ['table'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'spanloom_sink_insert_duration_seconds',
    help: 'Time to write one batch.',
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    registers: [registry],
  });
  return {
    stored(batch, durationMs) {
      for (const [table, count] of rowCounts(batch)) rows.inc({ table }, count);
      seconds.observe(durationMs / 1000);
    },
  };
}
