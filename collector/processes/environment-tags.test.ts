import { describe, expect, it } from 'vitest';
import { environmentChoice, podUidOf } from './environment-tags.ts';

const variables = {
  APP_NAME: 'shop',
  APP_VERSION: '1.10',
  APP_DB_PASSWORD: 'tiger',
  APP_API_KEY: 'tiger',
  APP_TOKEN: 'tiger',
  GITHUB_TOKEN: 'tiger',
  DATABASE_URL: 'postgres://shop:tiger@db:5432/shop',
  HOME: '/root',
};

describe('environment variables as tags', () => {
  it('are none that nobody chose', () => expect(environmentChoice([])(variables)).toEqual({}));

  it('are chosen by name or prefix, and no prefix chooses a secret', () => {
    expect(environmentChoice(['APP_*', 'HOME'])(variables)).toEqual({
      APP_NAME: 'shop',
      APP_VERSION: '1.10',
      HOME: '/root',
    });
    for (const value of Object.values(environmentChoice(['*'])(variables))) expect(value).not.toContain('tiger');
  });

  it('may be a secret only where its name is written out', () =>
    expect(environmentChoice(['APP_TOKEN'])(variables)).toEqual({ APP_TOKEN: 'tiger' }));

  it('lose the passwords in addresses', () =>
    expect(environmentChoice(['DATABASE_URL'])(variables)).toEqual({
      DATABASE_URL: 'postgres://shop:***@db:5432/shop',
    }));

  it('are bounded in number and length', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`X_${index}`, 'v'.repeat(100_000)]));
    const chosen = Object.values(environmentChoice(['X_*'])(many));
    expect(chosen).toHaveLength(64);
    for (const value of chosen) expect(value.length).toBeLessThanOrEqual(1024);
  });
});

describe('the pod that a process says it belongs to', () => {
  it('is told by a variable, and nothing else is taken for one', () => {
    expect(podUidOf({ POD_UID: 'b' })).toBe('b');
    expect(podUidOf({ POD_UID: 'b', SPANLOOM_POD_UID: 'a' })).toBe('a');
    expect(podUidOf({ POD_UID: 'two words' })).toBe('');
    expect(podUidOf({})).toBe('');
  });
});
