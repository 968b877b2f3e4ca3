import type { Bus } from '../core/bus/bus.ts';
import { PipelineError } from '../core/errors.ts';
import type { Topic } from '../core/topics.ts';
import { stageTelemetry } from '../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { NativeCapture, RedactionOptions } from '../native/capture.ts';
import { capturePrograms, loadNative } from '../native/load.ts';
import { collect } from './collect.ts';
import type { CollectorConfig } from './config.ts';
import { BpfSource } from './events/bpf-source.ts';
import { ExcludedProcesses } from './excluded-processes.ts';
import type { Output } from './outbox.ts';
import { environmentChoice } from './processes/environment-tags.ts';

/** What every way of running the collector needs. */
export interface CaptureHostOptions {
  readonly config: CollectorConfig;
  /** Where agent.json is: the identity of this agent. */
  readonly dataDirectory: string;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  /** Processes not to be traced, besides this one and those that the settings name. */
  readonly excluded?: ExcludedProcesses;
}

/** What the collector needs to run as a stage. The bus stays open: whoever opened it closes it. */
export interface RunCollectorOptions extends CaptureHostOptions {
  readonly bus: Bus;
}

/**
 * Captures this host onto the bus until the signal fires.
 *
 * @throws PipelineError ENVIRONMENT_UNSUPPORTED, saying what is missing, when this machine does not allow it
 */
export async function runCollector(options: RunCollectorOptions): Promise<void> {
  const { health } = options.telemetry;
  const producer = await options.bus.producer();
  try {
    await captureHost(options, {
      // The kernel is heard of at least once a second, so something is always sent.
      async send(messages) {
        await producer.send(messages);
        // Facts of processes are sent without a word of the kernel, and are no sign that it is heard.
        if (messages.some(({ topic }) => topic === ('events' satisfies Topic))) health.turns('collector');
      },
    });
  } finally {
    await producer.close();
  }
}

/** Captures this host into any output until the signal fires. */
export async function captureHost(options: CaptureHostOptions, output: Output): Promise<void> {
  const { config, dataDirectory, telemetry, signal } = options;
  const native = loadAddon();
  const source = new BpfSource({
    native,
    capture: {
      objectPath: capturePrograms,
      payloadBytes: config.payloadBytes,
      continuationBytes: config.continuationBytes,
      ringBytes: 2 ** Math.ceil(Math.log2(config.ringBytes)),
      maxSockets: config.maxSockets,
      pollIntervalMs: Math.round(config.pollInterval),
      batchIntervalMs: Math.round(config.batchInterval),
      maxUnacknowledgedBlocks: config.maxUnacknowledgedBlocks,
      redaction: config.redact ? redactionOptions(config) : undefined,
    },
    excluded: excludedProcesses(options),
    excludedCgroups: config.excludeCgroups,
    maxProcesses: config.maxProcesses,
    processFactsIntervalMs: config.processFactsInterval,
    loopProbeIntervalMs: config.loopProbeInterval,
    chooseEnvironment: environmentChoice(config.environmentTags),
  });
  await collect({
    sources: [source],
    output,
    dataDirectory,
    readMacAddresses: (processId) => native.readMacAddresses(processId),
    clockIntervalMs: config.clockInterval,
    hostFactsIntervalMs: config.hostFactsInterval,
    // The name that manifests usually give to the downward API's spec.nodeName.
    nodeName: config.nodeName ?? process.env['NODE_NAME'] ?? '',
    telemetry: stageTelemetry(telemetry, 'collector', () => source.accounting()),
    health: telemetry.health,
    signal,
  });
}

/** Those that the caller started and may still add to, this process, and those of the settings. */
function excludedProcesses({ config, excluded = new ExcludedProcesses() }: CaptureHostOptions): ExcludedProcesses {
  for (const processId of [process.pid, ...config.excludeProcesses.map(processIdOf)]) excluded.add(processId);
  return excluded;
}

function processIdOf(text: string): number {
  const processId = Number(text);
  if (/^\d+$/.test(text) && processId > 0 && processId < 2 ** 31) return processId;
  throw new PipelineError('CONFIG_INVALID', `SPANLOOM_COLLECTOR_EXCLUDE_PROCESSES: '${text}' is no process id.`);
}

function redactionOptions(config: CollectorConfig): RedactionOptions {
  return {
    patterns: config.redactPatterns?.trim().split(/\s+/) ?? [],
    headers: config.redactHeaders,
    parameters: config.redactParameters,
    sendUnrecognised: config.sendUnrecognised,
  };
}

function loadAddon(): NativeCapture {
  try {
    return loadNative();
  } catch (error) {
    throw new PipelineError('ENVIRONMENT_UNSUPPORTED', (error as Error).message, { cause: error });
  }
}
