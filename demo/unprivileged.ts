import { chownSync } from 'node:fs';
import { findProgram } from './find-program.ts';

/** A command and its arguments. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

/** Debian's nobody and nogroup. */
const nobody = 65534;

/** The same command without root's rights; unchanged when this process has none to give up. */
export function unprivileged(command: string, args: readonly string[]): Command {
  if (process.getuid?.() !== 0) return { command, args };
  const setpriv = findProgram('setpriv');
  if (setpriv === undefined) return { command, args };
  const identity = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
  return { command: setpriv, args: [...identity, command, ...args] };
}

/** Gives a folder or file to the user that {@link unprivileged} commands run as. */
export function giveToUnprivileged(path: string): void {
  if (process.getuid?.() === 0 && findProgram('setpriv') !== undefined) chownSync(path, nobody, nobody);
}
