import { Counter } from 'prom-client';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { DissectorFailure } from '../protocols/dissection/guarded-dissector.ts';

/** Failures logged after a start: a sender of such bytes could repeat them without end. */
const maxLogged = 10;

/** Counts failures as a metric and logs the first ones: only the place, since the error's text may contain payload. */
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
