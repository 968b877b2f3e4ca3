import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../../core/config/section.ts';
import { durationMsSetting } from '../../core/config/setting.ts';

/** Settings of the publisher of resources: SPANLOOM_RESOURCES_…. */
export const resourcesConfig = defineConfig(
  z.object({
    settle: durationMsSetting({
      description:
        'A changed resource waits this long for further changes, so that a starting pod makes one version, not several. Tags are late by this time.',
      default: '200ms',
      maximum: 60_000,
    }),
    retention: durationMsSetting({
      description:
        'How long an ended version of a resource is kept. Older spans, as in a replay, are no longer tagged with it.',
      default: '30d',
      minimum: 60_000,
    }),
  }),
  { name: 'resources', title: 'Resources' },
);

/** Values of {@link resourcesConfig}. */
export type ResourcesConfig = Readonly<ConfigOf<typeof resourcesConfig>>;
