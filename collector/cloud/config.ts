import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../../core/config/section.ts';
import { durationMsSetting, listSetting } from '../../core/config/setting.ts';

/** Settings of the sources of cloud resources: SPANLOOM_RESOURCES_CLOUD_…. */
export const cloudConfig = defineConfig(
  z.object({
    files: listSetting({
      description: 'YAML files that state resources of any cloud or of bare metal: docs/resources.md.',
      default: '',
    }),
    fileInterval: durationMsSetting({
      description: 'Interval at which these files are checked where the system does not report changes.',
      default: '10s',
      minimum: 100,
    }),
    providers: listSetting({ description: 'Clouds to list. Known: aws.', default: '' }),
    interval: durationMsSetting({
      description: 'Interval between two listings of a cloud.',
      default: '1m',
      minimum: 1000,
    }),
  }),
  { name: 'resources-cloud', title: 'Resources: files and clouds' },
);

/** Values of {@link cloudConfig}. */
export type CloudConfig = Readonly<ConfigOf<typeof cloudConfig>>;
