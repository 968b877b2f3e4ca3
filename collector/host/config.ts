import { z } from 'zod';
import { defineConfig } from '../../core/config/section.ts';
import { durationMsSetting, textSetting } from '../../core/config/setting.ts';

/** Settings of the host as a source: SPANLOOM_COLLECTOR_…. */
export const hostConfig = defineConfig(
  z.object({
    nodeName: textSetting({
      description: 'Name of the Kubernetes node that this host is. Without it NODE_NAME, if that is set.',
    }).optional(),
    hostFactsInterval: durationMsSetting({
      description: 'Interval at which the collector reads the interfaces of this host and of its network namespaces.',
      default: '1m',
      minimum: 1000,
    }),
  }),
  { name: 'collector', title: 'Collector: host' },
);
