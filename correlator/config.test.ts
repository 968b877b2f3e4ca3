import { expect, test } from 'vitest';
import { loadConfig } from '../core/config/load-config.ts';
import { describeSection } from '../core/config/section.ts';
import { correlatorConfig } from './config.ts';
import { testConfig } from './testing/span-messages.ts';

test('tests run with the defaults', () => {
  expect(loadConfig({}, { correlator: correlatorConfig }).correlator).toEqual(testConfig);
});

test('durations are also read under their former names, which had a unit', () => {
  const renamed = describeSection(correlatorConfig).filter(({ formerName }) => formerName !== undefined);
  expect(renamed.map(({ environmentName }) => `${environmentName}_MS`)).toEqual(
    renamed.map(({ formerName }) => formerName),
  );
  const environment = Object.fromEntries(renamed.map(({ formerName }) => [formerName!, '7s']));
  expect(loadConfig(environment, { correlator: correlatorConfig }).correlator).toEqual({
    ...testConfig,
    ...Object.fromEntries(renamed.map(({ field }) => [field, 7_000])),
  });
});
