/** The targets in C++ and how they are compiled: with libFuzzer, ASAN and UBSAN. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { goProgram, javaLibrary, program } from '../native/testing/elf-program.ts';
import { captureFiles } from './capture-seeds.ts';
import { netlinkAnswers } from './netlink-seeds.ts';
import { conversations } from './seeds.ts';

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

export const described: Readonly<Record<string, NativeTarget>> = {
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
  packets: {
    sources: ['native/packets', 'native/block.cc', 'native/redaction', ...protocolFolders],
    libraries: ['-lre2'],
    seeds: () => Promise.resolve(captureFiles()),
  },
  netlink: {
    sources: ['native/packets/netlink-answer.cc', 'native/packets/network-lists.cc'],
    libraries: [],
    seeds: () => Promise.resolve(netlinkAnswers()),
  },
};

/** Their names. */
export const nativeTargets: readonly string[] = Object.keys(described);

/** Undefined where clang is not installed. */
export const compiler = ['clang++-19', 'clang++'].find((name) => spawnSync(name, ['--version']).status === 0);

/** Those of all targets: language, instruments and folders of headers. */
export const compileFlags: readonly string[] = [
  ...['-std=c++20', '-O1', '-g', '-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'],
  ...['.', 'bpf', 'native', 'native/redaction'].map((folder) => `-I${join(root, folder)}`),
];

/**
 * @returns the path of the program
 * @throws Error with what the compiler says
 */
export function build(name: string, { sources, libraries }: NativeTarget): string {
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
  const all = [...compileFlags, join(root, 'fuzz', 'native', `${name}.cc`), ...files, ...libraries, '-o', binary];
  const { status, stderr } = spawnSync(compiler, all, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`fuzz/native/${name}.cc does not compile:\n${stderr}`);
  return binary;
}
