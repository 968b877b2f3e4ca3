import { z } from 'zod';
import { defineConfig } from '../core/config/section.ts';
import { bytesSetting } from '../core/config/setting.ts';

const mebibyte = 1024 ** 2;

/** Settings of `spanloom up`: SPANLOOM_UP_…. */
export const upConfig = defineConfig(
  z.object({
    memory: bytesSetting({
      description:
        'Bound of the resident memory of `spanloom up`, mapped files included. Bounds of the stages, the log and caches follow from it. docs/architecture.md says what happens at the limit.',
      default: '1GiB',
      minimum: 768 * mebibyte,
    }),
  }),
  { name: 'up', title: 'All stages in one process: spanloom up' },
);
