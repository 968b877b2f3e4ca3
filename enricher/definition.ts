import { defineStage } from '../core/stage/stage-definition.ts';
import { enricherConfig } from './config.ts';

/** The enricher as a stage: reads `events` in partitions and resources whole, writes `spans` and `flows`. */
export const enricherStage = defineStage({
  name: 'enricher',
  description: 'makes spans of events and packets',
  settings: { enricher: enricherConfig },
  stores: ['bus'],
  reads: [
    { topic: 'events', group: 'enricher', isWhole: false },
    { topic: 'resources', group: 'enricher-resources', isWhole: true },
    { topic: 'agent-resources', group: 'enricher-resources', isWhole: true },
  ],
  writes: ['spans', 'flows', 'dead-letter', 'stage-reports'],
  async run({ settings, ...context }) {
    const { runEnricher } = await import('./run.ts');
    await runEnricher({ ...context, config: settings.enricher });
  },
});
