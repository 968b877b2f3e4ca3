import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A program of this folder in a process of its own, and the lines it printed. */
export interface Program {
  readonly lines: string[];
  /** Resolves at the next line that satisfies the condition; rejects when the program ends before. */
  until(condition: (line: string) => boolean): Promise<string>;
  /** Ends it as a power cut of the process would, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Starts `testing/<name>.ts`. */
export function spawnProgram(name: string, programArguments: readonly string[]): Program {
  const path = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', path, ...programArguments], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const watchers = new Set<(line: string | undefined) => void>();
  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.push(line);
    for (const watch of watchers) watch(line);
  });
  const closed = new Promise<void>((resolve) =>
    child.once('close', () => {
      for (const watch of watchers) watch(undefined);
      resolve();
    }),
  );
  return {
    lines,
    until: (condition) =>
      new Promise((resolve, reject) => {
        const watch = (line: string | undefined): void => {
          if (line !== undefined && !condition(line)) return;
          watchers.delete(watch);
          if (line === undefined) reject(new Error(`${name} ended`));
          else resolve(line);
        };
        watchers.add(watch);
      }),
    kill: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
