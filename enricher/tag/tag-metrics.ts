import { Counter } from 'prom-client';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';

/** Makes a metric of what tagging came across. */
export function countTagging(telemetry: Telemetry, diagnostics: () => Readonly<Record<string, number>>): void {
  new Counter({
    name: 'spanloom_enricher_tagging_total',
    help: 'What tagging came across, by kind: ambiguous addresses; spans that waited for a resource, and of those found, expired, overflowed; unreadable records of resources, and hosts refused because their agent did not sign them.',
    labelNames: ['kind'],
    registers: [telemetry.registry],
    collect() {
      this.reset();
      for (const [kind, count] of Object.entries(diagnostics())) this.inc({ kind }, count);
    },
  });
}
