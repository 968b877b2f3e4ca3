import ts from 'typescript';
import type { SourceFile } from './source-files.ts';

/** One function, method or accessor, with the lines from its head to its end. */
export interface FunctionLength {
  /** `path#name`; a function without a name goes by what it is given to. */
  readonly name: string;
  readonly lines: number;
}

const testCalls: ReadonlySet<string> = new Set(['describe', 'test', 'it']);

/**
 * Functions of a file. What is given to `describe`, `test` or `it` is a test and no function: it is not listed, and its
 * lines do not count in the function around it. So a contract suite may be as long as the contract.
 */
export function functionLengths(file: SourceFile): readonly FunctionLength[] {
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  const functions: FunctionLength[] = [];
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line;

  /** Visits a node; returns the lines of tests in it. */
  function visit(node: ts.Node): number {
    let testLines = 0;
    ts.forEachChild(node, (child) => {
      testLines += visit(child);
    });
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return testLines;
    const lines = lineOf(node.end) - lineOf(node.getStart()) + 1;
    if (isTest(node)) return Math.max(testLines, lines - 1);
    functions.push({ name: `${file.path}#${nameOf(node)}`, lines: lines - testLines });
    return testLines;
  }

  visit(source);
  return functions;
}

function isTest(node: ts.Node): boolean {
  if (!ts.isCallExpression(node.parent)) return false;
  let called: ts.Expression = node.parent.expression;
  // Also `test.skipIf(…)(…)` and `describe.each(…)(…)`.
  while (ts.isCallExpression(called) || ts.isPropertyAccessExpression(called)) called = called.expression;
  return ts.isIdentifier(called) && testCalls.has(called.text);
}

function nameOf(node: ts.Node & { readonly name?: ts.Node }): string {
  if (node.name !== undefined) return node.name.getText();
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  const { parent } = node;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) return parent.name.getText();
  return ts.isCallExpression(parent) ? `given to ${parent.expression.getText().split('\n')[0]}` : 'without a name';
}
