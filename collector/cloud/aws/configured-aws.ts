import { PipelineError } from '../../../core/errors.ts';
import type { AwsAccount } from './aws-clients.ts';
import type { AwsConfig } from './aws-config.ts';
import { AwsProvider } from './aws-provider.ts';

/**
 * Makes AWS as the settings want it. Credentials come as everywhere with AWS: from the environment, files, a service account or
 * the metadata of the instance.
 *
 * @throws PipelineError CONFIG_INVALID
 */
export function awsProvider({ regions, roles, externalId }: AwsConfig): () => AwsProvider {
  const ownRegion = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? '';
  const wanted = regions.length > 0 ? regions : ownRegion === '' ? [] : [ownRegion];
  if (wanted.length === 0)
    throw new PipelineError(
      'CONFIG_INVALID',
      'SPANLOOM_RESOURCES_AWS_REGIONS: is required where AWS_REGION is not set',
    );
  const accounts = roles.map((role): AwsAccount => {
    if (role === 'self') return { name: role };
    const name = /^arn:[a-z-]+:iam::(\d{12}):role\/.+$/.exec(role)?.[1];
    if (name === undefined)
      throw new PipelineError(
        'CONFIG_INVALID',
        `SPANLOOM_RESOURCES_AWS_ROLES: "${role}" is no ARN of a role, and not self`,
      );
    return { name, roleArn: role, ...(externalId === undefined ? {} : { externalId }) };
  });
  const names = accounts.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new PipelineError('CONFIG_INVALID', `SPANLOOM_RESOURCES_AWS_ROLES: the account ${twice} is there twice`);
  return () => new AwsProvider({ accounts, regions: wanted });
}
