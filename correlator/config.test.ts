import { expect, test } from 'vitest';
import { loadConfig } from '../core/config/load-config.ts';
import { correlatorConfig } from './config.ts';
import { testConfig } from './testing/span-messages.ts';

test('tests run with the defaults', () => {
  expect(loadConfig({}, { correlator: correlatorConfig }).correlator).toEqual(testConfig);
});
