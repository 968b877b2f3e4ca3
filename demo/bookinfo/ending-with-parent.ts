import type { Command } from '../unprivileged.ts';

/**
 * The same command, for a program that knows nothing of its parent: the kernel kills it when this process ends, however it
 * ends. What that program starts is not killed.
 */
export function endingWithParent({ command, args }: Command): Command {
  return { command: 'setpriv', args: ['--pdeathsig', 'KILL', command, ...args] };
}
