import { expect, it } from 'vitest';
import { loadSettings } from './settings.ts';

it('a data directory in a home that no shell has filled in is refused, instead of made under that name', () => {
  expect(() => loadSettings({ SPANLOOM_DATA_DIR: '~/spanloom' })).toThrow(
    'SPANLOOM_DATA_DIR: must be a path that does not begin with ~, not "~/spanloom"',
  );
});
