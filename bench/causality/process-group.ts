import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** How a process is started. */
export interface StartOptions {
  readonly folder?: string;
  /** Set besides the variables of this process. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Its standard output is read: with {@link firstLine}. */
  readonly isRead?: boolean;
}

const graceMs = 5_000;

/** Processes, each with its descendants in a process group of its own, that end together. */
export class ProcessGroup {
  readonly #children: ChildProcess[] = [];
  readonly #onExit = (): void => this.#signal('SIGKILL');
  /** The last lines that each process wrote to standard error. */
  readonly #errors = new Map<ChildProcess, string>();

  constructor() {
    process.once('exit', this.#onExit);
  }

  /** Starts a process. Of its errors the last are kept, for messages. */
  start(program: string, args: readonly string[], options: StartOptions = {}): ChildProcess {
    const { folder, variables = {}, isRead = false } = options;
    const child = spawn(program, args, {
      stdio: ['ignore', isRead ? 'pipe' : 'ignore', 'pipe'],
      detached: true,
      env: { ...process.env, ...variables },
      ...(folder === undefined ? {} : { cwd: folder }),
    });
    // A program that cannot be started ends at once, without an exit.
    child.on('error', (error) => this.#errors.set(child, error.message));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#errors.set(child, `${this.#errors.get(child) ?? ''}${text}`.slice(-2_000));
    });
    this.#children.push(child);
    return child;
  }

  /** Whether a process of these has ended, and what it wrote last. */
  failure(): string | undefined {
    const child = this.#children.find(hasEnded);
    if (child === undefined) return undefined;
    const said = this.#errors.get(child)?.trim().split('\n').slice(-3).join(' ') ?? '';
    return `${child.spawnfile} ended with ${child.exitCode ?? child.signalCode ?? 'no start'}: ${said}`;
  }

  /** Ends all processes and their descendants. */
  async end(): Promise<void> {
    this.#signal('SIGTERM');
    const timer = setTimeout(() => this.#signal('SIGKILL'), graceMs);
    await Promise.all(this.#children.map(ended));
    clearTimeout(timer);
    // Descendants that have outlived the first process of their group.
    this.#signal('SIGKILL');
    process.removeListener('exit', this.#onExit);
  }

  #signal(signal: NodeJS.Signals): void {
    for (const { pid } of this.#children) {
      try {
        if (pid !== undefined) process.kill(-pid, signal);
      } catch {
        // The group has ended.
      }
    }
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

/** Resolves when a process has ended. */
export async function ended(child: ChildProcess): Promise<void> {
  if (!hasEnded(child)) await once(child, 'exit');
}

/** The first line of a process's standard output. @throws when it ends without one */
export async function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface(child.stdout!);
    lines.once('line', resolve);
    lines.once('close', () => reject(new Error(`${child.spawnfile} ended without a result`)));
  });
}
