/** A process that serves until a signal: with metrics, health, and a deadline for its end. */
import { PipelineError } from '../../core/errors.ts';
import { processEvents } from '../../core/telemetry/internal-events.ts';
import { serveTelemetry } from '../../core/telemetry/serve-telemetry.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { Settings } from '../settings.ts';
import { startWatchdog } from './watchdog.ts';

/** What a service runs with. */
export interface RunServiceOptions {
  readonly settings: Settings['shared'];
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
}

/**
 * Runs `main` until it returns. From the signal on, /readyz says that the process drains.
 *
 * @throws PipelineError SHUTDOWN_TIMEOUT when `main` has not returned in time after the signal; it may still run then
 */
export async function runService(
  { settings, telemetry, signal }: RunServiceOptions,
  main: () => Promise<void>,
): Promise<void> {
  const { metricsHost: host, metricsPort: port, livenessTimeout, shutdownTimeout, watchdogTimeout } = settings;
  const watchdog = startWatchdog(watchdogTimeout);
  if (watchdog.problem !== undefined) telemetry.emit(processEvents.unwatched, { reason: watchdog.problem });
  const server =
    port === undefined
      ? undefined
      : await serveTelemetry(telemetry, { host, port, livenessTimeoutMs: livenessTimeout });
  if (server !== undefined) {
    const address = `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`;
    process.stderr.write(`Metrics are at ${address}/metrics, beside /healthz and /readyz.\n`);
  }
  let deadline: NodeJS.Timeout | undefined;
  let onAbort = (): void => undefined;
  const tooLate = new Promise<never>((_, reject) => {
    onAbort = (): void => {
      telemetry.health.drains();
      telemetry.emit(processEvents.stopping);
      deadline = setTimeout(() => {
        const text = `The process did not end within ${shutdownTimeout} ms of the signal and is cut off.`;
        reject(new PipelineError('SHUTDOWN_TIMEOUT', text));
      }, shutdownTimeout);
    };
  });
  // When no caller waits for it any more.
  tooLate.catch(() => undefined);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([main(), tooLate]);
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener('abort', onAbort);
    await server?.close();
    watchdog.stop();
  }
}
