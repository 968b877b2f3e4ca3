import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FunctionLength, functionLengths } from './function-lengths.ts';
import { importCycles, importsOfTestFiles, unreached } from './import-graph.ts';
import { brokenLinks, hasProse, missingFiles, type TextFile, unknownNames } from './mentions.ts';
import { readSourceFiles, type SourceFile, treePaths } from './source-files.ts';

/** What a file or a function may have of lines. */
export const maxFileLines = 500;
export const maxFunctionLines = 60;

/** Longer files that stay so: path, and why. Only tables. */
export const longFiles: Readonly<Record<string, string>> = {};

/** Longer functions that stay so: `path#name`, and why. Only tables, of cases or of columns. */
export const longFunctions: Readonly<Record<string, string>> = {
  'bench/query/fleet-traces.ts#spanOf':
    'one literal of all fields, since objects that are put together of others take ten times as long',
  'protocols/sql/sql-statement.ts#describeStatement': 'a branch for each kind of token of SQL, over one position',
};

/** Numbers of lines of many things. */
export interface Lengths {
  readonly count: number;
  readonly median: number;
  readonly longest: FunctionLength;
}

/** Facts of the tree. */
export interface Structure {
  readonly cycles: readonly (readonly string[])[];
  /** Files and functions that are too long, without those of the lists above. */
  readonly tooLong: readonly FunctionLength[];
  /** Entries of the lists above that are not too long, or not there. */
  readonly notTooLong: readonly string[];
  readonly productFiles: Lengths;
  readonly productFunctions: Lengths;
  /** Product files that only tests use. */
  readonly onlyTestsUse: readonly string[];
  /** Imports of tests' files by product files. */
  readonly importsOfTests: readonly string[];
  /** Files, links and names in pages and comments that do not exist. */
  readonly wrongMentions: readonly string[];
}

/** Reads all TypeScript and JavaScript files of the project. */
export function readStructure(root: string): Structure {
  const files = readSourceFiles(root);
  const written = files.filter(({ part }) => part !== 'generated');
  const product = written.filter(({ part }) => part === 'product');
  const measured = written.filter(({ path }) => !path.endsWith('.test.ts'));
  const functions = new Map(measured.map((file) => [file, functionLengths(file)]));
  const long = [
    ...written.filter(({ lines }) => lines > maxFileLines).map(({ path, lines }) => ({ name: path, lines })),
    ...[...functions.values()].flat().filter(({ lines }) => lines > maxFunctionLines),
  ];
  const allowed = new Set([...Object.keys(longFiles), ...Object.keys(longFunctions)]);
  return {
    cycles: importCycles(files),
    tooLong: long.filter(({ name }) => !allowed.has(name)),
    notTooLong: [...allowed].filter((name) => !long.some((each) => each.name === name)),
    productFiles: lengthsOf(product.map(({ path, lines }) => ({ name: path, lines }))),
    productFunctions: lengthsOf(product.flatMap((file) => functions.get(file)!)),
    onlyTestsUse: unreached(files, entriesOf(root, files)),
    importsOfTests: importsOfTestFiles(files),
    wrongMentions: wrongMentions(root, written),
  };
}

/** Pages, and sources with comments. */
export function readTexts(root: string, tree = treePaths(root)): readonly TextFile[] {
  return tree.filter(hasProse).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

function wrongMentions(root: string, sources: readonly SourceFile[]): readonly string[] {
  const tree = treePaths(root);
  const texts = readTexts(root, tree);
  const pages = texts.filter(({ path }) => path.endsWith('.md'));
  return [...missingFiles(texts, tree), ...brokenLinks(pages, tree), ...sources.flatMap(unknownNames)];
}

function lengthsOf(all: readonly FunctionLength[]): Lengths {
  const sorted = [...all].sort((one, other) => one.lines - other.lines);
  return { count: sorted.length, median: sorted[sorted.length >> 1]!.lines, longest: sorted.at(-1)! };
}

/** Where the product is entered: its command, what package.json runs, the demo's services and what configures tests and lint. */
function entriesOf(root: string, files: readonly SourceFile[]): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const words = new Set(Object.values(scripts).flatMap((command) => command.split(' ')));
  return files
    .map(({ path }) => path)
    .filter(
      (path) =>
        path === 'cli/main.ts' ||
        path === 'vitest.config.ts' ||
        path === 'eslint.config.js' ||
        path === 'query/ui/main.tsx' ||
        path === 'query/ui/vite.config.mjs' ||
        /^query\/ui\/.*-worker\.ts$/.test(path) ||
        words.has(path) ||
        path.startsWith('demo/services/') ||
        /^scripts\/[^/]+$/.test(path),
    );
}
