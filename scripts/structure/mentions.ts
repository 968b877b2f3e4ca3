/** What pages and comments mention: files of the tree, links of pages, and names that doc comments link to. */
import { dirname, join } from 'node:path';
import ts from 'typescript';
import type { SourceFile } from './source-files.ts';

/** A file with its text, and the paths of the tree that it may mention. */
export type TextFile = Pick<SourceFile, 'path' | 'text'>;

/** Mentions that look like files of the tree and name something else: why they do. */
export const otherFiles: Readonly<Record<string, string>> = {
  'testing/examples.ts': 'a file of each protocol',
  'NNN-name.sql': 'the pattern of names of migrations',
  'schemas/clickhouse/NNN-name.sql': 'the same',
  'vmlinux.h': 'what bpftool generates, and the kernel programs do without',
  'asm-generic/errno.h': 'of Linux',
  'kernel/bpf/ringbuf.c': 'of Linux',
  'kafka-acls.sh': 'of Kafka',
  'kafka-configs.sh': 'of Kafka',
  'my-values.yaml': 'a file of the reader',
};

const extensions = 'tsx?|mts|mjs|md|avsc|sql|cc|h|c|py|sh|yaml|yml|go|java|gyp|tpl';
// Neither part of an address, of `<name>` or of a pattern, nor the beginning of a longer name.
const pathPattern = new RegExp(
  `(?<![\\w./@:…<>*$%-])(?:[\\w.@-]+/)*[\\w@-][\\w.@-]*\\.(?:${extensions})(?![\\w(*]|\\.\\w)`,
  'g',
);
const commentPattern = /\/\*[\s\S]*?\*\/|(?:^|(?<=\s))\/\/.*$/gm;

/** Whether the file has text for readers: a page, or a source with comments. */
export function hasProse(path: string): boolean {
  return /\.(md|tsx?|mts|mjs|cc|h|c)$/.test(path) && !path.includes('/generated/');
}

/** What a file says to its readers: all of a page, the comments of a source. */
export function proseOf({ path, text }: TextFile): string {
  return path.endsWith('.md') ? text : (text.match(commentPattern) ?? []).join('\n');
}

/**
 * Files that are mentioned and do not exist, as `file mentions path`. A path is relative to the root or to the folder of
 * the file that mentions it; a name alone may be that of any file.
 */
export function missingFiles(files: readonly TextFile[], tree: readonly string[]): readonly string[] {
  const paths = new Set(tree);
  const names = new Set(tree.map((path) => path.split('/').at(-1)!));
  return files.flatMap((file) =>
    [...new Set(proseOf(file).match(pathPattern))]
      .filter((path) => !(path in otherFiles))
      .filter((path) => !paths.has(path) && !paths.has(join(dirname(file.path), path)) && !names.has(path))
      .map((path) => `${file.path} mentions ${path}`),
  );
}

/** Links of pages to a file, a folder or a heading that does not exist, as `page links to target`. */
export function brokenLinks(pages: readonly TextFile[], tree: readonly string[]): readonly string[] {
  const textOf = new Map(pages.map(({ path, text }) => [path, text]));
  const reaches = (target: string, heading: string | undefined): boolean => {
    if (heading !== undefined) return headingsOf(textOf.get(target) ?? '').includes(heading);
    return tree.some((path) => path === target || path.startsWith(`${target}/`));
  };
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)]
      .filter(([, target, heading]) => !reaches(target === '' ? path : join(dirname(path), target!), heading))
      .map(([link]) => `${path} links to ${link.slice(2, -1)}`),
  );
}

/** Headings of a page as links name them. */
function headingsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Names that a doc comment links to and its file neither declares nor imports, as `file links to name`. */
export function unknownNames(file: SourceFile): readonly string[] {
  const linked = [...file.text.matchAll(/\{@link\s+([\w$]+)/g)].map(([, name]) => name!);
  if (linked.length === 0) return [];
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    const { name } = node as ts.Node & { readonly name?: ts.Node };
    if (name !== undefined && ts.isIdentifier(name)) names.add(name.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest));
  return linked.filter((name) => !names.has(name)).map((name) => `${file.path} links to ${name}`);
}
