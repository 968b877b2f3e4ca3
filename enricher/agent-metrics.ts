import { Counter, Gauge } from 'prom-client';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { AgentCounts } from './agents.ts';

/** Makes metrics of how many agents are followed, and of what their bounds did. */
export function countAgents(
  telemetry: Telemetry,
  counts: () => Readonly<AgentCounts & { readonly followed: number }>,
): void {
  new Gauge({
    name: 'spanloom_enricher_agents',
    help: 'Agents that are followed.',
    registers: [telemetry.registry],
    collect() {
      this.set(counts().followed);
    },
  });
  new Counter({
    name: 'spanloom_enricher_agents_bounded_total',
    help: 'Agents that a bound touched: evicted, because there were too many agents; shrunk, because of all agents together too much was kept, and of this one most.',
    labelNames: ['kind'],
    registers: [telemetry.registry],
    collect() {
      const { evicted, shrunk } = counts();
      this.reset();
      this.inc({ kind: 'evicted' }, evicted);
      this.inc({ kind: 'shrunk' }, shrunk);
    },
  });
}
