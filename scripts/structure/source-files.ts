import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** What a file is part of: the product, tests of it (with benches, the fuzzer and examples), or what a generator wrote. */
export type FilePart = 'product' | 'test' | 'generated';

/** One TypeScript or JavaScript file of the tree. */
export interface SourceFile {
  /** Relative to the project. */
  readonly path: string;
  readonly part: FilePart;
  readonly lines: number;
  /** Files of the tree that it imports, type imports included. */
  readonly imports: readonly string[];
  readonly text: string;
}

const notOurs: ReadonlySet<string> = new Set(['node_modules', 'dist', 'build']);
const testFolders: ReadonlySet<string> = new Set(['test', 'testing', 'bench', 'fuzz', 'examples']);

/** The part that a path belongs to, by its folders and its name alone. */
export function partOf(path: string): FilePart {
  const folders = path.split('/').slice(0, -1);
  if (folders.includes('generated')) return 'generated';
  return path.endsWith('.test.ts') || folders.some((folder) => testFolders.has(folder)) ? 'test' : 'product';
}

/** All .ts, .tsx, .mjs and .js files below a folder. */
export function readSourceFiles(root: string): readonly SourceFile[] {
  return treePaths(root)
    .filter((path) => /\.(tsx?|mjs|js)$/.test(path))
    .map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8')));
}

/** A file as it is described by its path and text. */
export function sourceFile(path: string, text: string): SourceFile {
  const { importedFiles } = ts.preProcessFile(text, true, true);
  const imports = importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => join(dirname(path), fileName));
  return { path, part: partOf(path), lines: text.split('\n').length - 1, imports, text };
}

/** All files below a folder, without what is installed, built or hidden; relative to the folder. */
export function treePaths(root: string, folder = ''): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return notOurs.has(entry.name) || entry.name.startsWith('.') ? [] : treePaths(root, path);
  });
}
