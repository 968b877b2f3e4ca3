import { createLogger, type LogLevel } from '../core/telemetry/logger.ts';
import { createTelemetry, type Telemetry } from '../core/telemetry/telemetry.ts';

/** Logs to standard error and metrics of this process. */
export function processTelemetry(name: string, level: LogLevel): Telemetry {
  return createTelemetry({ logger: createLogger({ name, level }), processMetrics: true });
}
