import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program to start. */
export interface ChildSpecification {
  /** Name in messages and of its log file. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Loopback port on which it accepts once it is ready; undefined when it serves nothing. */
  readonly port?: number;
  /** Whether it is ready, where that shows elsewhere than on a port. */
  readonly isReady?: (processId: number) => boolean;
  /**
   * Asks it to end, where it does not do so by itself when its standard input closes. Such a program gets a process group of its
   * own, so that Ctrl-C in a terminal ends it in its turn.
   */
  readonly stopSignal?: NodeJS.Signals;
  readonly logPath: string;
}

/** A running program. */
export interface Child {
  readonly name: string;
  readonly processId: number;
  /** Resolves with the exit code once it has ended; 1 when a signal ended it. */
  readonly ended: Promise<number>;
  /** The end of what it has written so far; empty when it has written nothing. */
  logEnd(): string;
  /** Asks it to end, insists after a while, resolves when it has. */
  stop(): Promise<void>;
}

const readyTimeoutMs = 20_000;
const readyPollMs = 25;
const killAfterMs = 6_000;
const quotedBytes = 500;

/** Resolves once the program has ended, with a sentence that says so and quotes the end of its log. */
export async function describeEnd(child: Child): Promise<string> {
  const code = await child.ended;
  const log = child.logEnd();
  return `${child.name} has ended with ${code}${log === '' ? '.' : `: ${log}`}`;
}

/**
 * Starts a program and waits until it is ready. Its standard input is a pipe that only this process holds: the program ends
 * when the pipe closes, so nothing survives this process, however it ends. A program that does not do so needs other means.
 * @throws Error with the end of the program's log when it does not become ready
 */
export async function startChild(specification: ChildSpecification): Promise<Child> {
  const { name, command, args, environment, port, isReady, stopSignal, logPath } = specification;
  const log = openSync(logPath, 'a');
  const child = spawn(command, args, {
    stdio: ['pipe', log, log],
    env: { ...process.env, ...environment },
    detached: stopSignal !== undefined,
  });
  closeSync(log);
  const stdin = child.stdin;
  if (stdin === null) throw new Error(`${name} has no standard input`);
  const state = { running: true };
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(127));
    child.once('exit', (code) => resolve(code ?? 1));
  }).finally(() => (state.running = false));
  stdin.on('error', () => undefined);
  const stop = async (): Promise<void> => {
    stdin.end();
    if (stopSignal !== undefined) child.kill(stopSignal);
    const insist = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    await ended;
    clearTimeout(insist);
  };
  const processId = child.pid ?? 0;
  const ready = async (): Promise<boolean> =>
    (port === undefined || (await accepts(port))) && (isReady === undefined || isReady(processId));
  if (port !== undefined || isReady !== undefined) {
    const deadlineMs = performance.now() + readyTimeoutMs;
    while (!(await ready())) {
      if (!state.running || performance.now() > deadlineMs) {
        await stop();
        throw new Error(`${name} did not start: ${endOfFile(logPath)}`);
      }
      await sleep(readyPollMs);
    }
  }
  return { name, processId, ended, logEnd: () => endOfFile(logPath), stop };
}

function endOfFile(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    // Removed with the other files of the run.
    return '';
  }
  try {
    const bytes = Buffer.alloc(quotedBytes);
    const length = readSync(file, bytes, 0, quotedBytes, Math.max(0, fstatSync(file).size - quotedBytes));
    return bytes.toString('utf8', 0, length).trim();
  } finally {
    closeSync(file);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
    socket.once('connect', () => socket.destroy());
  });
}
