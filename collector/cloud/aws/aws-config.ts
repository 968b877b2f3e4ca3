import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../../../core/config/section.ts';
import { listSetting, textSetting } from '../../../core/config/setting.ts';

/** Settings of AWS: SPANLOOM_RESOURCES_AWS_…. */
export const awsConfig = defineConfig(
  z.object({
    regions: listSetting({
      description: 'Regions to list, or all: every region that the account has enabled. Without it AWS_REGION.',
      default: '',
    }),
    roles: listSetting({
      description:
        "ARNs of roles to assume, one per account; self stands for the account of the process's own credentials.",
      default: 'self',
    }),
    externalId: textSetting({
      description: 'External id that the roles require.',
      secret: true,
    }).optional(),
  }),
  { name: 'resources-aws', title: 'Resources: AWS' },
);

/** Values of {@link awsConfig}. */
export type AwsConfig = Readonly<ConfigOf<typeof awsConfig>>;
