import { defineStage } from '../core/stage/stage-definition.ts';
import { correlatorConfig } from './config.ts';

/** The correlator as a stage: reads `spans`, writes `traces`. Several instances share the work through Redis and `linked`. */
export const correlatorStage = defineStage({
  name: 'correlator',
  description: 'makes traces of spans',
  settings: { correlator: correlatorConfig },
  stores: ['bus'],
  reads: [
    { topic: 'spans', group: 'correlator', isWhole: false },
    { topic: 'linked', group: 'correlator-assemble', isWhole: false },
  ],
  writes: ['linked', 'traces', 'dead-letter', 'stage-reports'],
  async run({ settings, ...context }) {
    const { runCorrelator } = await import('./run.ts');
    await runCorrelator({ ...context, config: settings.correlator });
  },
});
