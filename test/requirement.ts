import { describe, it } from 'vitest';
import { checkKernel } from '../native/check.ts';

/**
 * A suite that needs something of the machine. Where it is missing, the suite is skipped with one line that says why;
 * with TEST_REQUIRE_ALL=1 it fails instead.
 * @param missing what is missing, in one sentence; undefined when all is there
 * @param timeoutMs of each test; what is usual without it
 */
export function describeWhere(missing: string | undefined, name: string, suite: () => void, timeoutMs?: number): void {
  if (missing === undefined) {
    describe(name, timeoutMs === undefined ? {} : { timeout: timeoutMs }, suite);
  } else if (process.env['TEST_REQUIRE_ALL'] === '1') {
    it(name, () => {
      throw new Error(`needed by TEST_REQUIRE_ALL=1: ${missing}`);
    });
  } else {
    process.stderr.write(`skipped: ${name}: ${missing}\n`);
    // Its body may read what is not there.
    describe.skip(name, () => it('needs what is missing', () => undefined));
  }
}

/** Why this machine cannot capture; undefined when it can. */
export function captureMissing(): string | undefined {
  const { programs, missing } = checkKernel();
  return missing[0] ?? programs.find(({ attached }) => !attached)?.error;
}

/** Why file systems cannot be mounted here; undefined when they can. */
export function rootMissing(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'it mounts a file system, which takes root';
}
