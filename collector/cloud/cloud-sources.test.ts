import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../core/config/load-config.ts';
import { awsConfig } from './aws/aws-config.ts';
import { cloudSources } from './cloud-sources.ts';
import { cloudConfig } from './config.ts';

beforeEach(() => {
  vi.stubEnv('AWS_REGION', undefined);
  vi.stubEnv('AWS_DEFAULT_REGION', undefined);
});
afterEach(() => void vi.unstubAllEnvs());

function names(settings: Readonly<Record<string, string>>): readonly string[] {
  const given = Object.entries(settings).map(([name, value]) => [`SPANLOOM_RESOURCES_${name}`, value]);
  const loaded = loadConfig(Object.fromEntries(given) as typeof settings, { cloud: cloudConfig, cloudAws: awsConfig });
  return cloudSources(loaded, { emit: () => undefined }).map(({ name }) => name);
}

describe('sources of clouds', () => {
  it('are none without settings, else what they name, each once', () => {
    expect(names({})).toEqual([]);
    const all = { CLOUD_FILES: 'a.yaml,b.yaml,a.yaml', CLOUD_PROVIDERS: 'aws', AWS_REGIONS: 'us-east-1' };
    expect(names(all)).toEqual(['file:a.yaml', 'file:b.yaml', 'aws']);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    expect(names({ CLOUD_PROVIDERS: 'aws' })).toEqual(['aws']);
  });

  it.each([
    [{ CLOUD_PROVIDERS: 'moon' }, 'there is no moon; known are aws'],
    [{ CLOUD_PROVIDERS: 'constructor' }, 'there is no constructor'],
    [{ CLOUD_PROVIDERS: 'aws' }, 'SPANLOOM_RESOURCES_AWS_REGIONS'],
    [{ CLOUD_PROVIDERS: 'aws', AWS_REGIONS: 'all', AWS_ROLES: 'reader' }, '"reader" is no ARN of a role'],
    [
      {
        CLOUD_PROVIDERS: 'aws',
        AWS_REGIONS: 'all',
        AWS_ROLES: 'arn:aws:iam::111122223333:role/a,arn:aws:iam::111122223333:role/b',
      },
      'the account 111122223333 is there twice',
    ],
  ])('are refused as %j', (settings, said) => expect(() => names(settings)).toThrow(said));
});
