import { spawn, type ChildProcess } from 'node:child_process';
import { projectFile } from '../../core/project-files.ts';

/** `npm test` has just compiled the sources and says so: the command that users run, and quicker to start. */
const program =
  process.env['TEST_COMPILED'] === '1'
    ? [projectFile('dist', 'cli', 'main.js')]
    : ['--import', 'tsx', projectFile('cli', 'main.ts')];

/** A running `spanloom` command. */
export interface RunningCommand {
  readonly child: ChildProcess;
  /** All of standard output so far. */
  output(): string;
  /** All of standard error so far. */
  errors(): string;
  /** Resolves when it has ended, with its exit code; undefined when a signal ended it. */
  readonly ended: Promise<number | undefined>;
}

/** In front of a command: takes the rights of root from it. */
export const withoutRights: readonly string[] =
  process.getuid?.() === 0 ? ['setpriv', '--inh-caps=-all', '--bounding-set=-all'] : [];

/** Starts a command with settings of its own; what tests are told by the environment does not reach it. */
export function startSpanloom(
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
  launcher: readonly string[] = [],
  input: 'ignore' | 'pipe' = 'ignore',
): RunningCommand {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SPANLOOM_'));
  const command = [...launcher, process.execPath, ...program, ...args];
  const child = spawn(command[0]!, command.slice(1), {
    cwd: projectFile(),
    env: { ...Object.fromEntries(inherited), ...settings },
    stdio: [input, 'pipe', 'pipe'],
  });
  const texts = { output: '', errors: '' };
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (texts.output += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (texts.errors += text));
  const ended = new Promise<number | undefined>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? undefined));
  });
  return { child, output: () => texts.output, errors: () => texts.errors, ended };
}

/** Runs a command to its end. */
export async function spanloom(
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
  launcher: readonly string[] = [],
): Promise<{ readonly code: number | undefined; readonly output: string; readonly errors: string }> {
  const running = startSpanloom(args, settings, launcher);
  const code = await running.ended;
  return { code, output: running.output(), errors: running.errors() };
}

/** Waits until a command says something on standard error. @throws Error when it ends without */
export async function untilSays(running: RunningCommand, pattern: RegExp): Promise<RegExpExecArray> {
  const state = { isRunning: true };
  const end = (): void => void (state.isRunning = false);
  void running.ended.then(end, end);
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const { isRunning } = state;
    const match = pattern.exec(running.errors());
    if (match !== null) return match;
    if (!isRunning) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${String(pattern)} did not appear in:\n${running.errors()}`);
}
