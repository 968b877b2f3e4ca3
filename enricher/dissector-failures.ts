import { Counter } from 'prom-client';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { DissectorFailure } from '../protocols/dissection/guarded-dissector.ts';

/** So many are logged after a start: whoever sends such bytes can send them without end. */
const maxLogged = 10;

/** Counts failures as a metric and logs the first ones: where it was, and not what the error says, which may be payload. */
export function countDissectorFailures(telemetry: Telemetry): DissectorFailure {
  const failures = new Counter({
    name: 'spanloom_enricher_dissector_failures_total',
    help: 'Conversations that ended because their dissector threw, by protocol. This is a bug in spanloom; please report it.',
    labelNames: ['protocol'],
    registers: [telemetry.registry],
  });
  let logged = 0;
  return ({ protocol }, error) => {
    failures.inc({ protocol });
    if (logged >= maxLogged) return;
    logged++;
    telemetry.logger.error(
      { protocol, at: framesOf(error) },
      'a dissector failed: its conversation is given up, others go on',
    );
  };
}

function framesOf(error: unknown): readonly string[] {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  return lines.map((line) => line.trim()).filter((line) => line.startsWith('at '));
}
