import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { root, setup } from '../setup.mjs';
import { say } from './step.mjs';

/**
 * Prepares what a demo needs, then runs it with the arguments of this process. Sets the exit code.
 * @param {string} command of spanloom
 * @param {readonly ('build' | 'demo' | 'bookinfo')[]} purposes
 */
export async function runDemo(command, purposes) {
  try {
    // What is missing has been said; the demo then says what it does about it.
    await setup(purposes);
    const main = join(root, 'dist', 'cli', 'main.js');
    const child = spawn(process.execPath, [main, command, ...process.argv.slice(2)], { stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, signal) => {
      process.exitCode = code ?? 128 + constants.signals[signal];
    });
  } catch (error) {
    fail(error.message);
  }
}

function fail(message) {
  say(message);
  process.exitCode = 1;
}
