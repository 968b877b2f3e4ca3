import { constants } from 'node:os';
import { hasCode } from '../../core/errors.ts';
import { loadNative } from '../../native/load.ts';
import { exitCodeOf } from './exit-codes.ts';
import { sentenceOf } from '../output/sentence.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ctrl-C may arrive twice, from the terminal and passed on by npm: that is no insisting. */
const echoWithinMs = 500;

/** Clients of unavailable servers may still wait for them when everything has been closed. */
const lingerMs = 1_000;

/**
 * Runs a command. The first signal aborts, and the command ends in order; a second one ends the process at once. An
 * error becomes one sentence on standard error and an exit code.
 */
export async function runCommand(command: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const first = { name: '', atMs: 0, exitCode: 0 };
  const onSignal = (name: NodeJS.Signals): void => {
    const exitCode = 128 + constants.signals[name];
    if (controller.signal.aborted) {
      const isEcho = name === 'SIGINT' && first.name === name && performance.now() - first.atMs <= echoWithinMs;
      if (!isEcho) cutOff(exitCode);
      return;
    }
    Object.assign(first, { name, atMs: performance.now(), exitCode });
    controller.abort();
  };
  for (const name of signals) process.on(name, onSignal);
  try {
    await command(controller.signal);
  } catch (error) {
    if (controller.signal.aborted && error === controller.signal.reason) {
      process.exitCode = first.exitCode;
      return;
    }
    printFailure(error);
    // What did not end in time would not let the process end either.
    if (hasCode(error, 'SHUTDOWN_TIMEOUT')) cutOff(exitCodeOf(error));
  } finally {
    for (const name of signals) process.off(name, onSignal);
    endSoon();
  }
}

/** Runs a command that only reads or shows something: a signal ends the process at once. */
export async function runQuestion(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    printFailure(error);
  } finally {
    endSoon();
  }
}

function printFailure(error: unknown): void {
  process.stderr.write(`spanloom: ${sentenceOf(error)}\n`);
  process.exitCode = exitCodeOf(error);
}

function endSoon(): void {
  // A reader that is slower than we are gets all of it: the callback is called behind what was written before.
  setTimeout(() => process.stdout.write('', () => process.exit()), lingerMs).unref();
}

/** Ends the process in the middle of its work: a thread may be in a call that never returns, and exiting would wait for it. */
function cutOff(exitCode: number): void {
  // Behind the listeners that tidy up.
  process.once('exit', (code) => {
    try {
      loadNative().endAtOnce(code);
    } catch {
      // Without the addon it ends as soon as its threads do.
    }
  });
  process.exit(exitCode);
}
