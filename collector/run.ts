import type { Bus } from '../core/bus/bus.ts';
import { PipelineError } from '../core/errors.ts';
import { stageTelemetry } from '../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { NativeCapture, RedactionOptions } from '../native/capture.ts';
import { capturePrograms, loadNative } from '../native/load.ts';
import { collect } from './collect.ts';
import type { CollectorConfig } from './config.ts';
import { BpfSource } from './events/bpf-source.ts';
import type { Output } from './outbox.ts';
import { environmentChoice } from './processes/environment-tags.ts';

/** What every way of running the collector needs. */
export interface CaptureHostOptions {
  readonly config: CollectorConfig;
  /** Where agent.json is: the identity of this agent. */
  readonly dataDirectory: string;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  /** Processes not to be traced, besides this one and all whose names begin with spanloom. */
  readonly excludedProcessIds?: readonly number[];
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
        health.turns('collector');
      },
    });
  } finally {
    await producer.close();
  }
}

/** Captures this host into any output until the signal fires. */
export async function captureHost(options: CaptureHostOptions, output: Output): Promise<void> {
  const { config, dataDirectory, telemetry, signal } = options;
  const source = new BpfSource({
    native: loadAddon(),
    capture: {
      objectPath: capturePrograms,
      payloadBytes: config.payloadBytes,
      continuationBytes: config.continuationBytes,
      ringBytes: 2 ** Math.ceil(Math.log2(config.ringBytes)),
      maxSockets: config.maxSockets,
      pollIntervalMs: Math.round(config.pollInterval),
      batchIntervalMs: Math.round(config.batchInterval),
      maxUnacknowledgedBlocks: config.maxUnacknowledgedBlocks,
      excludedProcessIds: options.excludedProcessIds ?? [],
      redaction: config.redact ? redactionOptions(config) : undefined,
    },
    maxProcesses: config.maxProcesses,
    processFactsIntervalMs: config.processFactsInterval,
    loopProbeIntervalMs: config.loopProbeInterval,
    chooseEnvironment: environmentChoice(config.environmentTags),
  });
  await collect({
    sources: [source],
    output,
    dataDirectory,
    clockIntervalMs: config.clockInterval,
    hostFactsIntervalMs: config.hostFactsInterval,
    // The name that manifests usually give to the downward API's spec.nodeName.
    nodeName: config.nodeName ?? process.env['NODE_NAME'] ?? '',
    telemetry: stageTelemetry(telemetry, 'collector', () => source.accounting()),
    signal,
  });
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
