import type { Stack } from './stack.ts';
import { compiledStacks } from './stacks/compiled.ts';
import { javaStacks } from './stacks/java.ts';
import { nodeStacks } from './stacks/node.ts';
import { proxyStacks } from './stacks/proxies.ts';
import { pythonStacks } from './stacks/python.ts';

/** All stacks, in the order of the matrix. */
export const stacks: readonly Stack[] = [
  ...nodeStacks,
  ...pythonStacks,
  ...javaStacks,
  ...compiledStacks,
  ...proxyStacks,
];

/** The stack of a name. */
export function stackNamed(name: string): Stack {
  const stack = stacks.find((each) => each.name === name);
  if (stack === undefined) throw new Error(`no stack is named ${name}`);
  return stack;
}
