import { PipelineError } from '../../core/errors.ts';
import type { StageTelemetry } from '../../core/telemetry/stage-telemetry.ts';
import type { ResourceSource } from '../resources/resource-source.ts';
import type { AwsConfig } from './aws/aws-config.ts';
import { awsProvider } from './aws/configured-aws.ts';
import type { CloudProvider } from './cloud-provider.ts';
import { CloudSource } from './cloud-source.ts';
import type { CloudConfig } from './config.ts';
import { FileSource } from './file/file-source.ts';

/** Settings of all clouds. */
export interface CloudSettings {
  readonly cloud: CloudConfig;
  readonly cloudAws: AwsConfig;
}

/** Every supported cloud, by its name in SPANLOOM_RESOURCES_CLOUD_PROVIDERS. */
const providers: Readonly<Record<string, (settings: CloudSettings) => () => CloudProvider>> = {
  aws: ({ cloudAws }) => awsProvider(cloudAws),
};

/** The files and clouds that the settings name. @throws PipelineError CONFIG_INVALID */
export function cloudSources(
  settings: CloudSettings,
  telemetry: Pick<StageTelemetry, 'emit'>,
): readonly ResourceSource[] {
  const { files, fileInterval, interval } = settings.cloud;
  const fromFiles = [...new Set(files)].map((path) => new FileSource({ path, intervalMs: fileInterval, telemetry }));
  const fromClouds = [...new Set(settings.cloud.providers)].map((name) => {
    const provider = Object.hasOwn(providers, name) ? providers[name] : undefined;
    if (provider === undefined) {
      const known = Object.keys(providers).join(', ');
      throw new PipelineError(
        'CONFIG_INVALID',
        `SPANLOOM_RESOURCES_CLOUD_PROVIDERS: there is no ${name}; known are ${known}`,
      );
    }
    return new CloudSource({ name, open: provider(settings), intervalMs: interval, telemetry });
  });
  return [...fromFiles, ...fromClouds];
}
