import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listen } from '../../core/listen.ts';
import { resourceEvents } from '../../collector/resources/internal-events.ts';
import { demo } from './demo.ts';
import { runStageAlone } from './stage.ts';
import { up } from './up.ts';

const dataDirectory = join(tmpdir(), `spanloom-stage-${process.pid}`);
const { signal } = new AbortController();
let said: string;
beforeEach(() => {
  said = '';
  vi.stubEnv('SPANLOOM_DATA_DIR', dataDirectory);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  expect(existsSync(dataDirectory)).toBe(false);
});

describe('a process that cannot do its work', () => {
  it('says so before it says that it runs: with a source of resources that there is none of', async () => {
    vi.stubEnv('SPANLOOM_RESOURCES_CLOUD_PROVIDERS', 'cumulus');
    await expect(runStageAlone('resources', signal)).rejects.toThrow('there is no cumulus; known are aws');
    await expect(up(signal)).rejects.toThrow('there is no cumulus; known are aws');
    expect(said).toBe('');
  });

  it('says so before it says that it runs: with a data directory that cannot be made', async () => {
    vi.stubEnv('SPANLOOM_DATA_DIR', '/proc/spanloom');
    await expect(runStageAlone('enricher', signal)).rejects.toThrow('The folder /proc/spanloom cannot be made');
    await expect(runStageAlone('sink', signal)).rejects.toThrow('The folder /proc/spanloom cannot be made');
    expect(said).toBe('');
  });

  it('ends before it captures or opens anything: with a port that is taken', async () => {
    const server = createServer();
    const port = await listen(server, { host: '127.0.0.1', port: 0, what: 'A server', portSetting: '' });
    vi.stubEnv('SPANLOOM_QUERY_PORT', String(port));
    const taken = `Port ${port} of 127.0.0.1 is taken: stop what uses it, or choose another with SPANLOOM_QUERY_PORT.`;
    await expect(up(signal)).rejects.toThrow(taken);
    await expect(runStageAlone('query', signal)).rejects.toThrow(taken);
    await expect(demo({ requests: 1 }, signal)).rejects.toThrow(taken);
    await new Promise((resolve) => server.close(resolve));
    expect(said).toBe('');
  });
});

it('a publisher of resources without a source names the settings that would give one', () => {
  for (const name of ['KUBERNETES_ENABLED', 'CLOUD_FILES', 'CLOUD_PROVIDERS'])
    expect(resourceEvents.noSources.message).toContain(`SPANLOOM_RESOURCES_${name}`);
});
