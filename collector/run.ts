import type { Bus } from '../core/bus/bus.ts';
import { PipelineError } from '../core/errors.ts';
import { sumOfAccountings } from '../core/stage/accounting.ts';
import { stageTelemetry } from '../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { NativeCapture } from '../native/capture.ts';
import { collect } from './collect.ts';
import { ExcludedProcesses } from './excluded-processes.ts';
import type { Output } from './outbox.ts';
import type { Source } from './source.ts';
import { type CollectorSettings, sourceDefinitions } from './sources.ts';

/** What every way of running the collector needs. */
export interface CollectIntoOptions {
  readonly settings: CollectorSettings;
  /** Where agent.json is: the identity of this agent. */
  readonly dataDirectory: string;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  /** Processes not to be traced, besides this one and those that the settings name. */
  readonly excluded?: ExcludedProcesses;
}

/** What the collector needs to run as a stage. The bus stays open: whoever opened it closes it. */
export interface RunCollectorOptions extends CollectIntoOptions {
  readonly bus: Bus;
}

/**
 * Sends what the enabled sources of this host give to the bus until the signal fires.
 *
 * @throws PipelineError ENVIRONMENT_UNSUPPORTED, saying what is missing, when this machine does not allow it
 */
export async function runCollector(options: RunCollectorOptions): Promise<void> {
  const producer = await options.bus.producer();
  try {
    await collectInto(options, producer);
  } finally {
    await producer.close();
  }
}

/** Sends what the enabled sources give into any output until the signal fires. */
export async function collectInto(options: CollectIntoOptions, output: Output): Promise<void> {
  const { settings, dataDirectory, telemetry, signal, excluded = new ExcludedProcesses() } = options;
  const enabled = sourceDefinitions.filter((definition) => definition.isEnabled(settings));
  const addon = enabled.some(({ needsAddon }) => needsAddon) ? await loadAddon() : undefined;
  const sources: Source[] = [];
  for (const definition of enabled) sources.push(await definition.create(settings, { addon, excluded }));
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

async function loadAddon(): Promise<NativeCapture> {
  try {
    const { loadNative } = await import('../native/load.ts');
    return loadNative();
  } catch (error) {
    throw new PipelineError('ENVIRONMENT_UNSUPPORTED', (error as Error).message, { cause: error });
  }
}
