/** Signals that the engine catches when it starts: those of a fault in the program, and Ctrl-Z. */
const takenSignals = [
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGSEGV',
  'SIGSYS',
  'SIGTRAP',
  'SIGTSTP',
] as const satisfies readonly NodeJS.Signals[];

const ignore = (): void => undefined;

/**
 * Gives the signals that the engine catches back their default action. The engine's handlers hand a signal to a thread
 * that only its server program has, and wait for it: a process that faults would hang, and no supervisor would start it
 * again. To be called after each start of the engine, which sets the handlers again.
 *
 * Node has no call for this, but libuv restores the default action with the last listener of a signal. Node's own handler
 * of SIGSEGV goes too: an access outside of a WebAssembly memory ends the process instead of throwing an error.
 */
export function restoreDefaultSignals(): void {
  for (const signal of takenSignals) {
    process.on(signal, ignore);
    process.off(signal, ignore);
  }
}
