import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../../../core/config/section.ts';
import { listSetting, textSetting } from '../../../core/config/setting.ts';

/** Settings of AWS: SPANLOOM_RESOURCES_AWS_…. */
export const awsConfig = defineConfig(
  z.object({
    regions: listSetting({
      description: 'Regions to list; all for those that each account has enabled. Without it AWS_REGION.',
      default: '',
    }),
    roles: listSetting({
      description:
        'ARNs of roles to take on, one for each account; self for the account of the own credentials. Without it only that.',
      default: 'self',
    }),
    externalId: textSetting({
      description: 'External id that the roles ask for.',
      secret: true,
    }).optional(),
  }),
  { name: 'resources-aws', title: 'Resources: AWS' },
);

/** Values of {@link awsConfig}. */
export type AwsConfig = Readonly<ConfigOf<typeof awsConfig>>;
