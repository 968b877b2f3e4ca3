import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../../core/config/section.ts';
import { durationMsSetting, listSetting } from '../../core/config/setting.ts';

/** Settings of the sources of cloud resources: SPANLOOM_RESOURCES_CLOUD_…. */
export const cloudConfig = defineConfig(
  z.object({
    files: listSetting({
      description: 'Files that state resources, of any cloud or of bare metal: docs/resources.md describes them.',
      default: '',
    }),
    fileInterval: durationMsSetting({
      description: 'Time between two looks at them where the system does not tell of changes.',
      default: '10s',
      minimum: 100,
    }),
    providers: listSetting({ description: 'Clouds to list: aws.', default: '' }),
    interval: durationMsSetting({
      description: 'Time between two lists of a cloud.',
      default: '1m',
      minimum: 1000,
    }),
  }),
  { name: 'resources-cloud', title: 'Resources: files and clouds' },
);

/** Values of {@link cloudConfig}. */
export type CloudConfig = Readonly<ConfigOf<typeof cloudConfig>>;
