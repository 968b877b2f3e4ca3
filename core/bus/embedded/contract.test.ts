import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeBusContract } from '../testing/bus-contract.ts';
import { openEmbeddedBus } from './embedded-bus.ts';

describeBusContract('embedded', () => {
  const directory = mkdtempSync(join(tmpdir(), 'bus-'));
  return Promise.resolve({
    open: () => Promise.resolve(openEmbeddedBus({ directory })),
    dispose: () => {
      rmSync(directory, { recursive: true });
      return Promise.resolve();
    },
  });
});
