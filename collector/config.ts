import { z } from 'zod';
import { defineConfig } from '../core/config/section.ts';
import { choiceSetting, durationMsSetting } from '../core/config/setting.ts';

/** Settings of the collector that are no source's: SPANLOOM_COLLECTOR_…. */
export const collectorConfig = defineConfig(
  z.object({
    clockInterval: durationMsSetting({
      description: 'Interval between comparisons of the monotonic clock with the wall clock.',
      default: '10s',
      minimum: 1000,
    }),
    recordCodec: choiceSetting(['null', 'deflate'], {
      description: 'Compression of recordings.',
      default: 'deflate',
    }),
  }),
  { name: 'collector', title: 'Collector' },
);
