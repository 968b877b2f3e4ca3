import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import type { ResourceState } from '../../resources/resource-state.ts';
import { fileSchema, type FileContent } from './file-schema.ts';
import { statesOf } from './file-states.ts';

/** One thing that is wrong in a file. */
export interface FileProblem {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** What a file says, or all that is wrong with it. */
export type ReadFile =
  | { readonly kind: 'ok'; readonly states: readonly ResourceState[] }
  | { readonly kind: 'refused'; readonly problems: readonly FileProblem[] };

/** Keys and list positions from the top of a file to a place in it. */
export type FilePath = readonly (string | number)[];

/** What YAML does not allow, and files of another kind soon have. */
const binary = /[\0-\x08\v\f\x0e-\x1f]/;

/** Reads a file of resources: docs/resources.md describes the format. It is taken as a whole or not at all. */
export function readResourceFile(text: string): ReadFile {
  if (binary.test(text)) return { kind: 'refused', problems: [{ line: 1, text: 'This is no YAML: it is binary' }] };
  const lines = new LineCounter();
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: lines, prettyErrors: false });
  const refused = (problems: readonly FileProblem[]): ReadFile => ({
    kind: 'refused',
    problems: problems.toSorted((left, right) => left.line - right.line),
  });
  const yamlProblems = [...document.errors, ...document.warnings].map(({ message, pos }) => ({
    line: lines.linePos(pos[0]).line,
    text: `This is no YAML: ${message}`,
  }));
  if (yamlProblems.length > 0) return refused(yamlProblems);
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === ''))
    return refused([{ line: 1, text: 'The file is empty; {} would say that there is nothing' }]);
  let plain: unknown;
  try {
    plain = document.toJS();
  } catch (error) {
    // Aliases that would grow without bound.
    return refused([{ line: 1, text: (error as Error).message }]);
  }
  const lineAt = (path: FilePath): number => lines.linePos(offsetAt(document, path)).line;
  const checked = fileSchema.safeParse(plain);
  if (!checked.success) return refused(checked.error.issues.flatMap((issue) => problemsOf(issue, lineAt)));
  const { states, problems } = statesOf(checked.data as FileContent);
  if (problems.length === 0) return { kind: 'ok', states };
  return refused(problems.map(({ path, text: said }) => ({ line: lineAt(path), text: textAt(path, said) })));
}

function problemsOf(issue: z.core.$ZodIssue, lineAt: (path: FilePath) => number): FileProblem[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ line: lineAt([...path, key]), text: textAt(path, `there is no field ${key}`) }));
  // For a map with a bad key, zod reports the problem of the key.
  const text = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return [{ line: lineAt(path), text: textAt(path, inWordsOfYaml(text)) }];
}

/** What zod says of types, for people who write YAML: '3' is a text to us, so all there is are these three. */
function inWordsOfYaml(text: string): string {
  const types = /^Invalid input: expected (\w+), received (\w+)$/.exec(text);
  if (types === null) return text;
  const [expected, received] = [types[1]!, types[2]!].map((type) => yamlTypes[type] ?? type);
  return `must be ${expected}, not ${received}`;
}

const yamlTypes: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'a text',
};

function textAt(path: FilePath, said: string): string {
  return path.length === 0 ? said : `${path.join('.')}: ${said}`;
}

/** Where something begins in the text, or the nearest thing around it that can be found. */
function offsetAt(document: Document, path: FilePath): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === String(step));
      if (pair === undefined) break;
      offset = rangeOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      // A list of names stands for entries: its steps are the names.
      const item =
        typeof step === 'number' ? node.items[step] : node.items.find((one) => isScalar(one) && one.value === step);
      offset = rangeOf(item) ?? offset;
      node = item;
    } else break;
  }
  return offset;
}

function rangeOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
