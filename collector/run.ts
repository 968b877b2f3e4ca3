import type { Bus } from '../core/bus/bus.ts';
import { PipelineError } from '../core/errors.ts';
import { sumOfAccountings } from '../core/stage/accounting.ts';
import { stageTelemetry } from '../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { NativeAddon } from '../native/load.ts';
import { collect } from './collect.ts';
import { ExcludedProcesses } from './excluded-processes.ts';
import type { Output } from './outbox.ts';
import type { Source } from './source.ts';
import { type CollectorSettings, sourceDefinitions } from './sources.ts';

/** Options of every way to run the collector. */
export interface CollectIntoOptions {
  readonly settings: CollectorSettings;
  /** Folder of agent.json, the identity of this agent. */
  readonly dataDirectory: string;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  /** Processes to exclude from capture, besides this one and those that the settings name. */
  readonly excluded?: ExcludedProcesses;
  /** Servers that the output uses, as `host:port`. */
  readonly ownServers?: readonly string[];
}

/** Options of the collector as a stage. The caller closes the bus. */
export interface RunCollectorOptions extends CollectIntoOptions {
  readonly bus: Bus;
}

/**
 * Runs the collector as a stage until the signal fires.
 *
 * Input: the enabled sources of this host (sources.ts): socket events of the kernel, facts of the host and its processes.
 * Output: the topics `events` and `agent-resources`. State and bounds are those of the sources, and of the outbox between
 * them and the bus; on disk agent.json and host.json.
 *
 * @throws PipelineError ENVIRONMENT_UNSUPPORTED, saying what is missing, when this machine does not allow it
 */
export async function runCollector(options: RunCollectorOptions): Promise<void> {
  const producer = await options.bus.producer();
  try {
    await collectInto({ ...options, ownServers: options.bus.servers ?? [] }, producer);
  } finally {
    await producer.close();
  }
}

/** Sends the output of the enabled sources to any output, such as a recording, until the signal fires. */
export async function collectInto(options: CollectIntoOptions, output: Output): Promise<void> {
  const { settings, dataDirectory, telemetry, signal, excluded = new ExcludedProcesses(), ownServers = [] } = options;
  const enabled = sourceDefinitions.filter((definition) => definition.isEnabled(settings));
  const addon = enabled.some(({ needsAddon }) => needsAddon) ? await loadAddon() : undefined;
  const sources: Source[] = [];
  for (const definition of enabled)
    sources.push(await definition.create(settings, { addon, excluded, ownServers, telemetry }));
  const accounting = sumOfAccountings(sources.flatMap((source) => source.accounting?.bind(source) ?? []));
  await collect({
    sources,
    output,
    dataDirectory,
    clockIntervalMs: settings.collector.clockInterval,
    telemetry: stageTelemetry(telemetry, 'collector', accounting),
    health: telemetry.health,
    signal,
  });
}

async function loadAddon(): Promise<NativeAddon> {
  try {
    const { loadNative } = await import('../native/load.ts');
    return loadNative();
  } catch (error) {
    throw new PipelineError('ENVIRONMENT_UNSUPPORTED', (error as Error).message, { cause: error });
  }
}
