import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { projectFile } from '../../core/project-files.ts';

/** Programs that read what is deployed, as `npm run test:long` builds them. */
type CheckProgram = 'helm' | 'manifests' | 'compose';

/** What a program said, and whether it was content. */
export interface Outcome {
  readonly ok: boolean;
  readonly output: string;
  readonly errors: string;
}

const pathOf = (program: CheckProgram): string => projectFile('node_modules', '.cache', 'spanloom', 'bin', program);

/** Why these programs cannot be run here; undefined when they can. */
export function programsMissing(...programs: readonly CheckProgram[]): string | undefined {
  return programs.every((program) => existsSync(pathOf(program)))
    ? undefined
    : `${programs.join(' and ')} must have been built, for which \`npm run test:long\` takes Go`;
}

/** Runs one of them to its end. */
export function runProgram(
  program: CheckProgram,
  args: readonly string[],
  { input, environment }: { readonly input?: string; readonly environment?: Readonly<Record<string, string>> } = {},
): Outcome {
  const { status, stdout, stderr } = spawnSync(pathOf(program), args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, ...environment },
    ...(input === undefined ? {} : { input }),
  });
  return { ok: status === 0, output: stdout, errors: stderr };
}
