import { defineStage } from '../../core/stage/stage-definition.ts';
import { resourcesConfig } from './config.ts';
import { hasResourceSources, openResourceSources, resourceSourceSettings } from './sources.ts';
import { resourcesStageName } from './stage-name.ts';

/**
 * The publisher of resources as a stage: reads Kubernetes, clouds and files, writes `resources` and `resource-ids`. It is in
 * the collector's folder because of its sources, but one instance serves all hosts.
 */
export const resourcesStage = defineStage({
  name: resourcesStageName,
  description: 'publishes what spans are tagged with: objects of Kubernetes, of clouds and of files',
  settings: { resources: resourcesConfig, ...resourceSourceSettings },
  stores: ['bus'],
  reads: [
    { topic: 'resources', group: 'resources', isWhole: true },
    { topic: 'resource-ids', group: 'resources', isWhole: true },
  ],
  writes: ['resources', 'resource-ids', 'stage-reports'],
  hasWork: (settings) => hasResourceSources(settings),
  async check(settings, telemetry) {
    await openResourceSources(settings, telemetry);
  },
  async run({ settings, ...context }) {
    const { runResources } = await import('./run.ts');
    const opened = await openResourceSources(settings, context.telemetry);
    await runResources({ ...context, ...opened, config: settings.resources });
  },
});
