/** Builds a C++ target with libFuzzer, ASAN and UBSAN, and runs it. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { goProgram, javaLibrary, program } from '../native/testing/elf-program.ts';
import { corpusFolders, findingsFolder, type FuzzOptions, keep, type Outcome } from './run-target.ts';
import { conversations } from './seeds.ts';
import { maxInputBytes } from './target.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

interface NativeTarget {
  /** Folders of which every .cc file is compiled in, and single files; relative to the project. */
  readonly sources: readonly string[];
  readonly libraries: readonly string[];
  readonly seeds: () => Promise<readonly Buffer[]>;
}

/** Their redaction rules are in C++. */
const protocolFolders = readdirSync(join(root, 'protocols')).flatMap((name) =>
  name.includes('.') ? [] : [`protocols/${name}`],
);

const described: Readonly<Record<string, NativeTarget>> = {
  redaction: { sources: ['native/redaction', ...protocolFolders], libraries: ['-lre2'], seeds: conversations },
  'elf-reader': {
    sources: [
      'native/elf-file.cc',
      'native/elf-reader.cc',
      'native/runtimes/go-program.cc',
      'native/runtimes/go-version.cc',
      'native/runtimes/python-program.cc',
      'native/runtimes/python-version.cc',
      'native/runtimes/java-fields.cc',
      'native/runtimes/java-library.cc',
      'native/runtimes/java-process.cc',
    ],
    libraries: [],
    seeds: () =>
      Promise.resolve([
        program('executable'),
        program('library'),
        goProgram('go1.21.0'),
        goProgram('go1.16', 'pointer'),
        javaLibrary(),
      ]),
  },
};

/** Names of the targets in C++. */
export const nativeTargets: readonly string[] = Object.keys(described);

const compiler = ['clang++-19', 'clang++'].find((name) => spawnSync(name, ['--version']).status === 0);

function build(name: string, { sources, libraries }: NativeTarget): string {
  if (compiler === undefined)
    throw new Error('clang with its runtime (Debian: clang-19, libclang-rt-19-dev) is needed');
  const binary = join(root, '.fuzz', `${name}.program`);
  const files = sources.flatMap((source) =>
    source.endsWith('.cc')
      ? [join(root, source)]
      : readdirSync(join(root, source))
          .filter((file) => file.endsWith('.cc'))
          .map((file) => join(root, source, file)),
  );
  const flags = ['-std=c++20', '-O1', '-g', '-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'];
  const folders = ['.', 'bpf', 'native', 'native/redaction'].map((folder) => `-I${join(root, folder)}`);
  const all = [...flags, ...folders, join(root, 'fuzz', 'native', `${name}.cc`), ...files, ...libraries, '-o', binary];
  const { status, stderr } = spawnSync(compiler, all, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`fuzz/native/${name}.cc does not compile:\n${stderr}`);
  return binary;
}

export async function runNative(name: string, { minutes, inputs, seed }: FuzzOptions): Promise<Outcome> {
  const target = described[name]!;
  const [kept, project] = corpusFolders(name);
  mkdirSync(kept, { recursive: true });
  mkdirSync(findingsFolder, { recursive: true });
  for (const input of await target.seeds()) keep(kept, input);
  const binary = build(name, target);
  const limits = [
    inputs === undefined ? `-max_total_time=${Math.ceil(minutes * 60)}` : `-runs=${inputs}`,
    `-max_len=${maxInputBytes}`,
    '-timeout=20',
  ];
  const rest = [`-seed=${seed}`, '-rss_limit_mb=1024', '-print_final_stats=1', `-artifact_prefix=${findingsFolder}/`];
  const child = spawn(binary, [...limits, ...rest, kept, ...(existsSync(project) ? [project] : [])]);
  let output = '';
  child.stderr.on('data', (bytes: Buffer) => (output = (output + bytes.toString('latin1')).slice(-20_000)));
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? 0);
  const runs = number(/stat::number_of_executed_units: (\d+)/);
  const coverage = Number([...output.matchAll(/ cov: (\d+)/g)].at(-1)?.[1] ?? 0);
  if (code === 0) return { runs, coverage };
  console.error(
    output
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .join('\n'),
  );
  const artifact = /Test unit written to (\S+)/.exec(output)?.[1];
  return { runs, coverage, finding: `finding in ${artifact ?? 'the output above'}` };
}
