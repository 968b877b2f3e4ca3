import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A command that was ended because this process was told to end. */
export class InterruptedError extends Error {
  constructor(signal) {
    super(`interrupted by ${signal}`);
    this.name = 'InterruptedError';
  }
}

/**
 * Runs a command that has the terminal, unless `options.stdio` says otherwise. It is in a process group of its own, so that a Ctrl-C reaches it once, through this
 * process, and not twice; so does a signal that only this process gets. What it leaves running then is ended with it.
 * @returns {Promise<number>} its exit code; 1 when it was killed
 * @throws InterruptedError when this process got a signal meanwhile; the command has ended by then
 */
export async function runToEnd(command, args, options) {
  const child = spawn(command, args, { stdio: 'inherit', ...options, detached: true });
  let interruptedBy;
  const forward = (signal) => {
    interruptedBy = signal;
    child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  try {
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (exitCode) => resolve(exitCode ?? 1));
    });
    if (interruptedBy !== undefined) {
      killGroup(child.pid);
      throw new InterruptedError(interruptedBy);
    }
    return code;
  } finally {
    for (const signal of signals) process.off(signal, forward);
  }
}

function killGroup(leader) {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/**
 * Makes a folder for everything that a command and its own commands put into the temporary folder, and removes it
 * afterwards, also when they could not because they were interrupted.
 */
export async function withTemporaryFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-'));
  // Servers of tests run as other users.
  chmodSync(folder, 0o755);
  try {
    return await use(folder);
  } finally {
    // What was killed may take a moment to end.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
