import type { Bus } from '../../core/bus/bus.ts';
import { stageTelemetry } from '../../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { ResourcesConfig } from './config.ts';
import { resourceEvents } from './internal-events.ts';
import { resourceMetrics } from './metrics.ts';
import { ResourcePublisher } from './publisher.ts';
import type { ResourceSource } from './resource-source.ts';
import type { Leadership } from './source-definition.ts';
import { resourcesStageName } from './stage-name.ts';
import { ResourceVersions } from './resource-versions.ts';

/** Options of the stage `resources`. The caller closes the bus. */
export interface RunResourcesOptions {
  readonly config: ResourcesConfig;
  readonly bus: Bus;
  readonly sources: readonly ResourceSource[];
  /** Elects the instance that publishes; undefined for a single instance. */
  readonly leadership?: Leadership | undefined;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
}

/**
 * Publishes the resources of all sources while this instance leads, until the signal fires.
 *
 * Input: the sources, and its own topics `resources` and `resource-ids`. Output: these two topics. State: every current
 * resource and its ended versions (resource-versions.ts), rebuilt from `resources` each time it starts to lead. Bound: ended
 * versions by SPANLOOM_RESOURCES_RETENTION; current ones are as many as the sources list.
 */
export async function runResources(options: RunResourcesOptions): Promise<void> {
  const { config, bus, sources, leadership, telemetry, signal } = options;
  let versions = new ResourceVersions({ settleMs: config.settle, retentionMs: config.retention });
  const stage = stageTelemetry(telemetry, resourcesStageName, () => versions.counters);
  if (sources.length === 0) stage.emit(resourceEvents.noSources);
  const published = resourceMetrics(telemetry, () => versions);
  const publish = async (leading: AbortSignal): Promise<void> => {
    // Another instance may have published since this one last led.
    const { counters } = versions;
    versions = new ResourceVersions({ settleMs: config.settle, retentionMs: config.retention, counters });
    const failed = new AbortController();
    const stop = (): void => failed.abort();
    leading.addEventListener('abort', stop, { once: true });
    let publisher: ResourcePublisher | undefined;
    try {
      publisher = await ResourcePublisher.open({ bus, versions, telemetry: stage, signal: failed.signal, published });
      const opened = publisher;
      const tasks = [opened.run(), ...sources.map((source) => source.run(opened, failed.signal))];
      const outcomes = await Promise.allSettled(tasks.map((task) => task.finally(stop)));
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    } catch (error) {
      if (!leading.aborted || error !== failed.signal.reason) throw error;
    } finally {
      leading.removeEventListener('abort', stop);
      versions.drop();
      await publisher?.close();
    }
  };
  if (leadership === undefined) await publish(signal);
  else await leadership.lead(publish, signal);
}
