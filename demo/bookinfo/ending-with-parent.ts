import type { Command } from '../unprivileged.ts';

/**
 * The same command, for a program that knows nothing of its parent: the kernel kills it when this process ends, however it
 * ends. What that program starts is not killed. If this process has ended before the kernel was asked, the program does not begin.
 */
export function endingWithParent({ command, args }: Command): Command {
  const unlessAlone = `[ "$PPID" = ${process.pid} ] && exec "$@"`;
  return { command: 'setpriv', args: ['--pdeathsig', 'KILL', 'sh', '-c', unlessAlone, 'sh', command, ...args] };
}
