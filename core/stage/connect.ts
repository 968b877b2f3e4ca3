import type { Bus } from '../bus/bus.ts';
import type { StageTelemetry } from '../telemetry/stage-telemetry.ts';
import { retry, sleepByTimer } from './retry.ts';

/** Who waits, and until when. */
export interface ConnectOptions {
  readonly telemetry: Pick<StageTelemetry, 'emit'>;
  readonly signal: AbortSignal;
}

/**
 * Opens something that a stage needs before its loop begins, and retries while it is unavailable: a service that starts before
 * its broker or its database must not end.
 *
 * @throws the reason of the signal if it fires first; an error that a retry cannot fix
 */
export async function connect<Value>(
  call: string,
  action: () => Promise<Value>,
  options: ConnectOptions,
): Promise<Value> {
  const attempt = await retry(call, action, { ...options, sleep: sleepByTimer, initialMs: 250, maximumMs: 10_000 });
  if (attempt.done) return attempt.value;
  throw options.signal.reason;
}

/** The bus, for stages that start before it can be reached: `producer` and `consumer` wait. */
export function patientBus(bus: Bus, options: ConnectOptions): Bus {
  return {
    servers: bus.servers,
    ensureTopics: (topics) => bus.ensureTopics(topics),
    producer: () => connect('producer', () => bus.producer(), options),
    consumer: (wanted) => connect('consumer', () => bus.consumer(wanted), options),
    close: () => bus.close(),
  };
}
