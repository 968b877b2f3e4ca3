import { createLogger, type LogLevel } from '../../core/telemetry/logger.ts';
import { createTelemetry, type Telemetry } from '../../core/telemetry/telemetry.ts';
import { packageVersion } from '../../core/package-version.ts';

/** Logs to standard error, metrics and health of this process. */
export function processTelemetry(name: string, level: LogLevel): Telemetry {
  return createTelemetry({ logger: createLogger({ name, level }), version: packageVersion() });
}
