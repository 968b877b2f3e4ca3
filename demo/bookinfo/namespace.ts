import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeEnd, startChild, type Child } from '../child.ts';
import type { Command } from '../unprivileged.ts';

/**
 * A network namespace without a name: it lasts as long as the process that holds it, which ends with this process. So neither
 * namespaces nor interfaces are left behind, however a run ends, and runs do not meet.
 */
export interface Namespace {
  readonly name: string;
  /** The process that holds it; `ip` takes its id for a name of the namespace. */
  readonly processId: number;
  /** File by which others enter it. */
  readonly path: string;
  /** Resolves when its holder has ended, with a sentence that says so. */
  readonly ended: Promise<string>;
  /** The same command, inside. */
  readonly inside: (command: Command) => Command;
  /** Runs commands of `ip`, one a line. @throws Error with what it says */
  configure(lines: readonly string[]): Promise<void>;
  /** Runs a command inside until it ends. @throws Error with what it says */
  run(command: string, ...args: string[]): Promise<void>;
  stop(): Promise<void>;
}

/** Held by cat, which ends when its standard input does. Nodes and gateways forward packets of others. */
const hold = 'echo 1 >/proc/sys/net/ipv4/ip_forward && exec cat';

/** Makes a network namespace, as root. @param folder for the log of its holder */
export async function startNamespace(name: string, folder: string): Promise<Namespace> {
  const holder = await startChild({
    name,
    command: 'unshare',
    args: ['--net', 'sh', '-c', hold],
    logPath: join(folder, `${name}.log`),
    isReady: isHeld,
    stopSignal: 'SIGTERM',
  });
  return namespaceOf(name, holder);
}

function isHeld(processId: number): boolean {
  try {
    return readFileSync(`/proc/${processId}/comm`, 'utf8') === 'cat\n';
  } catch {
    return false;
  }
}

function namespaceOf(name: string, holder: Child): Namespace {
  const { processId } = holder;
  const path = `/proc/${processId}/ns/net`;
  const inside = ({ command, args }: Command): Command => ({
    command: 'nsenter',
    args: [`--net=${path}`, '--', command, ...args],
  });
  const run = ({ command, args }: Command, input = ''): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = execFile(command, args, (error, _output, errors) => {
        if (error === null) resolve();
        else reject(new Error(`${name}: ${errors.trim() || error.message}`));
      });
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    });
  return {
    name,
    processId,
    path,
    ended: describeEnd(holder),
    inside,
    configure: (lines) => run(inside({ command: 'ip', args: ['-batch', '-'] }), `${lines.join('\n')}\n`),
    run: (command, ...args) => run(inside({ command, args })),
    stop: () => holder.stop(),
  };
}
