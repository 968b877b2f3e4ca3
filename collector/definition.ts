import { defineStage } from '../core/stage/stage-definition.ts';
import { collectorConfig } from './config.ts';

/** The collector as a stage. */
export const collectorStage = defineStage({
  name: 'collector',
  description: 'captures this host',
  settings: { collector: collectorConfig },
  stores: ['bus'],
  reads: [],
  writes: ['events', 'agent-resources'],
  async run({ settings, ...context }) {
    const { runCollector } = await import('./run.ts');
    await runCollector({ ...context, config: settings.collector });
  },
});
