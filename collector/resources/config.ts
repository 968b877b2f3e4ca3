import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../../core/config/section.ts';
import { durationMsSetting } from '../../core/config/setting.ts';

/** Settings of the publisher of resources: SPANLOOM_RESOURCES_…. */
export const resourcesConfig = defineConfig(
  z.object({
    settle: durationMsSetting({
      description:
        'A changed resource waits so long for further changes, so that a start of a pod is one version and not several; tags are late by it.',
      default: '200ms',
      maximum: 60_000,
    }),
    retention: durationMsSetting({
      description:
        'How long a version of a resource stays after its end: spans that are older, such as in a replay, are not tagged with it any more.',
      default: '30d',
      minimum: 60_000,
    }),
  }),
  { name: 'resources', title: 'Resources' },
);

/** Values of {@link resourcesConfig}. */
export type ResourcesConfig = Readonly<ConfigOf<typeof resourcesConfig>>;
