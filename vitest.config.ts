import { defineConfig } from 'vitest/config';

/** Tests that capture this machine, kill and fill it, or go by its clock: one file at a time, after all others. */
const live = [
  '**/*.live.test.ts',
  'native/capture*.test.ts',
  'test/e2e/**/*.test.ts',
  'test/chaos/**/*.test.ts',
  'test/kubernetes/**/*.test.ts',
];

/** Tests that talk to a Kafka broker: each file starts one, so one file at a time. */
const kafka = ['test/kafka/**/*.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    setupFiles: ['test/property-seed.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['**/*.test.ts'],
          exclude: ['node_modules/**', 'dist/**', ...live, ...kafka],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'kafka',
          include: kafka,
          exclude: ['node_modules/**', 'dist/**'],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'live',
          include: live,
          exclude: ['node_modules/**', 'dist/**'],
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
