import { Counter } from 'prom-client';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';

/** Registers the metric of tagging. */
export function countTagging(telemetry: Telemetry, diagnostics: () => Readonly<Record<string, number>>): void {
  new Counter({
    name: 'spanloom_enricher_tagging_total',
    help: 'Events of tagging, by kind. ambiguous: addresses with several owners. waited: spans that waited for a resource; found, expired, overflowed: how the wait ended. unreadable: resource records; refused: records of hosts that are unsigned though a signature is required, or forged.',
    labelNames: ['kind'],
    registers: [telemetry.registry],
    collect() {
      this.reset();
      for (const [kind, count] of Object.entries(diagnostics())) this.inc({ kind }, count);
    },
  });
}
