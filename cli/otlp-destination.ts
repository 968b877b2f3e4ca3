import type { Bus } from '../core/bus/bus.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import { runOtlpSink } from '../sink/otlp/run.ts';
import type { Settings } from './settings.ts';

/** Where traces in OTLP come from and go to. */
export interface OtlpDestinationOptions {
  readonly settings: Settings;
  readonly bus: Bus;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  readonly untilEnd?: true | Promise<unknown>;
}

/** Writes traces as OTLP to their topic, which is made when it is not there. */
export async function runOtlpDestination({ settings, ...options }: OtlpDestinationOptions): Promise<void> {
  const { partitions, retention: retentionMs, retentionBytes } = settings.bus;
  const config = settings.otlpSink;
  await options.bus.ensureTopics([{ name: config.topic, partitions, retentionMs, retentionBytes }]);
  await runOtlpSink({ ...options, config, destination: options.bus });
}
