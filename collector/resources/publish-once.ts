import type { Bus } from '../../core/bus/bus.ts';
import { stageTelemetry } from '../../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { ResourcesConfig } from './config.ts';
import { ResourcePublisher } from './publisher.ts';
import type { ResourceRegister } from './resource-state.ts';
import type { ResourceRegisters, ResourceSource } from './resource-source.ts';
import { resourcesStageName } from './stage-name.ts';
import { ResourceVersions } from './resource-versions.ts';

/** Options of {@link publishOnce}. The caller closes the bus. */
export interface PublishOnceOptions {
  readonly config: ResourcesConfig;
  readonly bus: Bus;
  readonly sources: readonly ResourceSource[];
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
}

const checkEveryMs = 10;

/** Publishes the first resources of all sources, before events are sent. Waits until each source has reported. */
export async function publishOnce({ config, bus, sources, telemetry, signal }: PublishOnceOptions): Promise<void> {
  const versions = new ResourceVersions({ settleMs: 0, retentionMs: config.retention });
  const stage = stageTelemetry(telemetry, resourcesStageName, () => versions.counters);
  const done = new AbortController();
  const stop = AbortSignal.any([signal, done.signal]);
  const publisher = await ResourcePublisher.open({ bus, versions, telemetry: stage, signal: stop });
  const silent = new Set(sources);
  // What was taken out is sent before the publisher ends.
  const timer = setInterval(() => {
    if (silent.size === 0 && versions.dueAtMs() === undefined) done.abort();
  }, checkEveryMs);
  try {
    const tasks = sources.map((source) =>
      source.run(
        notifying(publisher, () => silent.delete(source)),
        stop,
      ),
    );
    await Promise.all([publisher.run(), ...tasks]);
  } finally {
    clearInterval(timer);
    await publisher.close();
  }
}

/** Registers that note when a source has reported. */
function notifying(registers: ResourceRegisters, onReport: () => void): ResourceRegisters {
  const of = (name: string): ResourceRegister => {
    const register = registers.of(name);
    return {
      replaceAll(states, observedNs) {
        register.replaceAll(states, observedNs);
        onReport();
      },
      put: (states, observedNs) => register.put(states, observedNs),
      end: (resource, endedNs) => register.end(resource, endedNs),
    };
  };
  return { of };
}
