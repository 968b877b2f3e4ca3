import { defineResourceSource } from '../resources/source-definition.ts';
import { resourcesStageName } from '../resources/stage-name.ts';
import { awsConfig } from './aws/aws-config.ts';
import { cloudConfig } from './config.ts';

/** Files that state resources, and clouds. The list of clouds is in cloud-sources.ts. */
export const cloudDefinition = defineResourceSource({
  name: 'cloud',
  settings: { cloud: cloudConfig, cloudAws: awsConfig },
  isEnabled: ({ cloud }) => cloud.files.length > 0 || cloud.providers.length > 0,
  async open(settings, telemetry) {
    const { stageEvents } = await import('../../core/telemetry/stage-telemetry.ts');
    const { cloudSources } = await import('./cloud-sources.ts');
    return { sources: cloudSources(settings, stageEvents(telemetry, resourcesStageName)) };
  },
});
