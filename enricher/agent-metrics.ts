import { Counter, Gauge } from 'prom-client';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { AgentCounts } from './agents.ts';

/** Registers metrics of the number of agents with state, and of the effects of their bounds. */
export function countAgents(
  telemetry: Telemetry,
  counts: () => Readonly<AgentCounts & { readonly followed: number }>,
): void {
  new Gauge({
    name: 'spanloom_enricher_agents',
    help: 'Agents that this instance keeps state of.',
    registers: [telemetry.registry],
    collect() {
      this.set(counts().followed);
    },
  });
  new Counter({
    name: 'spanloom_enricher_agents_bounded_total',
    help: 'Agents affected by a bound. evicted: there were more than SPANLOOM_ENRICHER_MAX_AGENTS. shrunk: all agents together exceeded SPANLOOM_ENRICHER_MAX_ENTRIES, and this one had the most entries.',
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
