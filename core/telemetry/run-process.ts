import { PipelineError } from '../errors.ts';
import { processEvents } from './internal-events.ts';
import type { Telemetry } from './telemetry.ts';

/** What {@link runProcess} needs of the process around it; replaced in tests. */
export interface ProcessPort {
  on(event: string, listener: (argument: unknown) => void): unknown;
  off(event: string, listener: (argument: unknown) => void): unknown;
  exit(code: number): void;
}

/** How a process runs and stops. */
export interface RunProcessOptions {
  readonly telemetry: Telemetry;
  /** After a signal, the longest time that `main` may take to return; milliseconds, 10 000 by default. */
  readonly shutdownTimeoutMs?: number;
  readonly process?: ProcessPort;
}

/** Exit codes besides 0: 1 for an error, 2 for a configuration that was refused, 128 + n when a signal had to insist. */
function exitCodeOf(error: unknown): number {
  return error instanceof PipelineError && error.code === 'CONFIG_INVALID' ? 2 : 1;
}

/**
 * Runs `main` until it returns. SIGTERM and SIGINT abort its signal; a second one, or a shutdown that takes too long,
 * ends the process at once. An unhandled rejection or exception is a bug: logged, then the process ends, so that
 * nothing is committed past it. Returns the exit code; set `process.exitCode` to it.
 */
export async function runProcess(
  main: (signal: AbortSignal) => Promise<void>,
  options: RunProcessOptions,
): Promise<number> {
  const { telemetry } = options;
  const port = options.process ?? process;
  const controller = new AbortController();
  let deadline: NodeJS.Timeout | undefined;

  const crash = (error: unknown): void => {
    telemetry.emit(processEvents.crashed, { error });
    port.exit(exitCodeOf(error));
  };
  const stop = (name: string, exitCode: number): void => {
    if (controller.signal.aborted) {
      port.exit(exitCode);
      return;
    }
    telemetry.emit(processEvents.stopping, { signal: name });
    const timeoutMs = options.shutdownTimeoutMs ?? 10_000;
    deadline = setTimeout(() => {
      crash(new PipelineError('SHUTDOWN_TIMEOUT', `The process did not stop within ${timeoutMs} ms.`));
    }, timeoutMs);
    controller.abort();
  };
  const onTerminate = (): void => stop('SIGTERM', 143);
  const onInterrupt = (): void => stop('SIGINT', 130);
  port.on('SIGTERM', onTerminate);
  port.on('SIGINT', onInterrupt);
  port.on('unhandledRejection', crash);
  port.on('uncaughtException', crash);
  try {
    await main(controller.signal);
    telemetry.emit(processEvents.stopped);
    return 0;
  } catch (error) {
    telemetry.emit(processEvents.crashed, { error });
    return exitCodeOf(error);
  } finally {
    clearTimeout(deadline);
    port.off('SIGTERM', onTerminate);
    port.off('SIGINT', onInterrupt);
    port.off('unhandledRejection', crash);
    port.off('uncaughtException', crash);
  }
}
