import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Long by nature: faults, churn, many instances, what takes a toolchain of its own. `npm run test:long`, two at a time. */
const long = ['**/*.long.test.ts'];

/** Tests of any input: some runs in `npm test`, many in `npm run test:long` (schemas/testing/property-runs.ts). */
const properties = ['**/*.{property,properties}.test.ts'];

/** Tests that capture this machine or go by its clock: one file at a time, after all others. */
const live = [
  '**/*.live.test.ts',
  'native/capture*.test.ts',
  'test/e2e/{command-line,live}.test.ts',
  'test/kubernetes/**/*.test.ts',
];

/** Tests with real servers, which serve the whole run, or with processes of ours. */
const services = [
  'test/kafka/**/*.test.ts',
  'test/e2e/{recording,resources,services}.test.ts',
  '**/*.redis.test.ts',
  'test/lost-links.property.test.ts',
];

const none = ['node_modules/**', 'dist/**'];
const kafka = 'test/services/kafka-setup.ts';
const redis = 'test/services/redis-setup.ts';

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // One process runs many files: what they import is loaded once. test/leave-nothing.ts sees to it that none leaves anything behind.
    isolate: false,
    // Some of them wait at any time, for a process or a server.
    maxWorkers: availableParallelism() + 1,
    setupFiles: ['test/property-seed.ts', 'test/leave-nothing.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['**/*.test.ts'],
          exclude: [...none, ...long, ...live, ...services],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'services',
          include: services,
          exclude: [...none, ...long],
          globalSetup: [kafka, redis],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'live',
          include: live,
          exclude: [...none, ...long],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'properties',
          include: properties,
          exclude: none,
          env: { TEST_LONG: '1' },
          // They are ended because they hang, not because fuzzing beside them leaves them little.
          testTimeout: 300_000,
          globalSetup: [redis],
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: long,
          exclude: none,
          env: { TEST_LONG: '1' },
          testTimeout: 300_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
