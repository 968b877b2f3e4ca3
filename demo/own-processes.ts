import { readdirSync, readFileSync } from 'node:fs';

/** A process and all that it and its children have started and that still run. */
export function withDescendants(processId: number): readonly number[] {
  const folder = `/proc/${processId}/task`;
  try {
    // Each thread has its own list of the children that it started.
    const children = readdirSync(folder)
      .flatMap((task) => readFileSync(`${folder}/${task}/children`, 'utf8').trim().split(' '))
      .filter((text) => text !== '');
    return [processId, ...children.flatMap((child) => withDescendants(Number(child)))];
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

/** Every process of this machine that runs now, except those. */
export function allProcessesExcept(processIds: readonly number[]): readonly number[] {
  const kept = new Set(processIds);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((processId) => !kept.has(processId));
}
