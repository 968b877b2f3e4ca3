import type { KernelCheck } from '../native/load.ts';

/** Why a machine cannot capture, all of it; undefined when it can. */
export function captureProblem({ programs, missing }: KernelCheck): string | undefined {
  if (missing.length > 0) return missing.join(' ');
  const failed = programs.find(({ attached }) => !attached);
  return failed === undefined ? undefined : `The kernel refuses ${failed.name}: ${failed.error ?? ''}`;
}
