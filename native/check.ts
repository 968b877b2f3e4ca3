import { existsSync } from 'node:fs';
import { addonPath, capturePrograms, loadNative, type KernelCheck } from './load.ts';

/**
 * Loads and attaches every kernel program on the running kernel, one by one, and takes each off again.
 * Loop probes are tried on this Node binary. Never throws for something missing: that is the answer.
 */
export function checkKernel(): KernelCheck {
  const missing: string[] = [];
  if (!existsSync(capturePrograms)) missing.push('The kernel programs have not been built: run `npm run build:bpf`.');
  if (!existsSync(addonPath)) missing.push('The native addon has not been built: run `npm run build:native`.');
  if (missing.length > 0) return { programs: [], missing };
  return loadNative().checkKernel(capturePrograms, process.execPath);
}
