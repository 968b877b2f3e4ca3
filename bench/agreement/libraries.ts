import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../../protocols/testing/programs.ts';

/** Client libraries that are no dependencies of the project, installed into a folder of their own. */

/** What brings a kind of client its libraries. */
export type Ecosystem = 'node' | 'python' | 'java' | 'go';

const run = promisify(execFile);
const programs = join(import.meta.dirname, 'programs');

const installers: Readonly<
  Record<
    Ecosystem,
    {
      readonly needs: readonly string[];
      /** What says which libraries are wanted. */
      readonly manifest: string;
      readonly steps: (folder: string) => readonly (readonly [string, readonly string[]])[];
    }
  >
> = {
  node: {
    needs: ['npm'],
    manifest: 'package.json',
    steps: () => [['npm', ['install', '--silent', '--no-audit', '--no-fund', '--ignore-scripts']]],
  },
  python: {
    needs: ['python3'],
    manifest: 'requirements.txt',
    steps: (folder) => [
      ['python3', ['-m', 'venv', join(folder, 'venv')]],
      [join(folder, 'venv/bin/pip'), ['install', '-q', '--disable-pip-version-check', '-r', 'requirements.txt']],
    ],
  },
  java: {
    needs: ['java', 'mvn'],
    manifest: 'pom.xml',
    steps: (folder) => [
      [
        'mvn',
        ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}/jars`],
      ],
    ],
  },
  go: {
    needs: ['go'],
    manifest: 'go/go.mod',
    steps: (folder) => [
      ['go', ['-C', join(folder, 'go'), 'mod', 'tidy']],
      ['go', ['-C', join(folder, 'go'), 'build', '-o', join(folder, 'go', 'agreement'), '.']],
    ],
  },
};

/** Installs what is wanted, once for each version of the list, and brings the programs there. @returns why it cannot */
export async function installLibraries(ecosystem: Ecosystem, cache: string): Promise<string | undefined> {
  const { needs, manifest, steps } = installers[ecosystem];
  const absent = needs.filter((program) => findProgram(program) === undefined);
  if (absent.length > 0) return `not installed: ${absent.join(', ')}`;
  const folder = join(cache, ecosystem);
  mkdirSync(folder, { recursive: true });
  cpSync(programs, folder, { recursive: true });
  const wanted = createHash('sha256').update(readFileSync(join(programs, manifest)));
  if (ecosystem === 'go') wanted.update(readFileSync(join(programs, 'go', 'main.go')));
  const digest = wanted.digest('hex');
  const mark = join(folder, '.installed');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === digest) return undefined;
  try {
    for (const [program, args] of steps(folder)) await run(program, [...args], { cwd: folder, maxBuffer: 1 << 26 });
  } catch (error) {
    return `${ecosystem} libraries could not be installed: ${(error as Error).message.split('\n').slice(0, 3).join(' ')}`;
  }
  writeFileSync(mark, digest);
  return undefined;
}
