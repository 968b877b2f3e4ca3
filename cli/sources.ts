import { runCollector } from '../collector/run.ts';
import type { EventSource } from './pipeline.ts';
import type { Settings } from './settings.ts';

/** Events of this host, as the kernel sees them now. @param excludedProcessIds processes to leave out */
export function captureSource(
  settings: Settings,
  dataDirectory: string,
  excludedProcessIds: readonly number[] = [],
): EventSource {
  return ({ bus, telemetry, signal }) =>
    runCollector({ config: settings.collector, bus, dataDirectory, telemetry, signal, excludedProcessIds });
}
