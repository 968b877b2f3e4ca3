import { Counter } from 'prom-client';
import type { Telemetry } from '../core/telemetry/telemetry.ts';

/** Makes a metric of what the correlator came across besides the outcome of each span. */
export function countDecisions(telemetry: Telemetry, diagnostics: () => Readonly<Record<string, number>>): void {
  new Counter({
    name: 'spanloom_correlator_decisions_total',
    help: 'Events of the correlator that are not the outcome of a span, by kind. cause_…: causes that stayed unknown, by reason. link_…: links that were refused, by reason. The others: revisions, merges, traces that left early.',
    labelNames: ['kind'],
    registers: [telemetry.registry],
    collect() {
      this.reset();
      for (const [kind, count] of Object.entries(diagnostics())) this.inc({ kind }, count);
    },
  });
}
