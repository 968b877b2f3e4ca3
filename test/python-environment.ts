import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A virtual environment with packages of PyPI, or why there is none. */
export type PythonEnvironment =
  { readonly python: string; readonly missing?: undefined; readonly remove: () => void } | { readonly missing: string };

/** Makes one in a temporary folder. @param requirements path of a requirements.txt */
export function pythonEnvironment(requirements: string): PythonEnvironment {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-python-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const python = join(folder, 'bin', 'python');
  const run = (program: string, ...args: readonly string[]): void => {
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 180_000 });
  };
  try {
    run('python3', '-m', 'venv', folder);
    run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements);
    return { python, remove };
  } catch (error) {
    remove();
    const reason = (error as Error).message.trim().split('\n').at(-1);
    return { missing: `pip brings no packages for Python here: ${reason}` };
  }
}
