import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { describePoison } from '../../stage/testing/poison-suite.ts';
import { openEmbeddedBus } from './embedded-bus.ts';

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

describePoison(() => {
  const directory = mkdtempSync(join(tmpdir(), 'poison-'));
  directories.push(directory);
  return Promise.resolve({ bus: openEmbeddedBus({ directory }), programArguments: ['embedded', directory] });
});
