import { defineStage } from '../core/stage/stage-definition.ts';
import { collectorSections, sourceDefinitions } from './sources.ts';

/** The collector as a stage: reads this host, writes `events` and `agent-resources`. Each host runs one. */
export const collectorStage = defineStage({
  name: 'collector',
  description: 'captures this host and publishes what is known of it',
  settings: collectorSections,
  stores: ['bus'],
  reads: [],
  writes: [...new Set(sourceDefinitions.flatMap(({ writes }) => writes)), 'stage-reports'],
  async run(context) {
    const { runCollector } = await import('./run.ts');
    await runCollector(context);
  },
});
