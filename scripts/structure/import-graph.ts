import type { SourceFile } from './source-files.ts';

/**
 * Groups of files that import each other, directly or through others. They are the strongly connected components with
 * more than one file, found by Tarjan's algorithm.
 */
export function importCycles(files: readonly SourceFile[]): readonly (readonly string[])[] {
  const imports = new Map(files.map((file) => [file.path, file.imports]));
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const cycles: (readonly string[])[] = [];

  function visit(path: string): void {
    order.set(path, order.size);
    lowest.set(path, order.get(path)!);
    stack.push(path);
    for (const target of imports.get(path)!) {
      if (!imports.has(target)) continue;
      if (!order.has(target)) visit(target);
      else if (!stack.includes(target)) continue;
      lowest.set(path, Math.min(lowest.get(path)!, lowest.get(target)!));
    }
    if (lowest.get(path) !== order.get(path)) return;
    const component = stack.splice(stack.indexOf(path));
    if (component.length > 1 || imports.get(path)!.includes(path)) cycles.push(component.sort());
  }

  for (const { path } of files) if (!order.has(path)) visit(path);
  return cycles;
}

/** Product files that no entry imports, directly or through other product files. */
export function unreached(files: readonly SourceFile[], entries: readonly string[]): readonly string[] {
  const product = new Map(files.filter(({ part }) => part !== 'test').map((file) => [file.path, file]));
  const reached = new Set<string>();
  const waiting = [...entries];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const file = product.get(path);
    if (file === undefined || reached.has(path)) continue;
    reached.add(path);
    waiting.push(...file.imports);
  }
  return [...product.keys()].filter((path) => !reached.has(path));
}

/** Imports of a test's files by product files, as `importer imports imported`. */
export function importsOfTestFiles(files: readonly SourceFile[]): readonly string[] {
  const tests = new Set(files.filter(({ part }) => part === 'test').map(({ path }) => path));
  return files
    .filter(({ part }) => part !== 'test')
    .flatMap(({ path, imports }) =>
      imports.filter((target) => tests.has(target)).map((target) => `${path} imports ${target}`),
    );
}
