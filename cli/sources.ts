import type { ExcludedProcesses } from '../collector/excluded-processes.ts';
import { runCollector } from '../collector/run.ts';
import type { EventSource } from './pipeline.ts';
import type { Settings } from './settings.ts';

/** Events of this host, as the kernel sees them now. @param excluded processes to leave out besides this one */
export function captureSource(settings: Settings, dataDirectory: string, excluded?: ExcludedProcesses): EventSource {
  return ({ bus, telemetry, signal }) =>
    runCollector({
      ...{ config: settings.collector, bus, dataDirectory, telemetry, signal },
      ...(excluded === undefined ? {} : { excluded }),
    });
}
