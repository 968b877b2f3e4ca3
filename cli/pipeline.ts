/** All stages in one process. */
import { resolve } from 'node:path';
import { unsignedAccepted } from '../core/agents/agent-signature.ts';
import type { Bus, ReceivedMessage } from '../core/bus/bus.ts';
import { publishOnce } from '../collector/resources/publish-once.ts';
import { runResources } from '../collector/resources/run.ts';
import { openClickHouse } from '../core/clickhouse/config.ts';
import { requireFreePort } from '../core/listen.ts';
import type { Topic } from '../core/topics.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import { runCorrelator } from '../correlator/run.ts';
import { runEnricher } from '../enricher/run.ts';
import { queryAddress } from '../query/config.ts';
import { runQuery } from '../query/run.ts';
import { runSink } from '../sink/run.ts';
import { type EmbeddedLogBounds, openEmbeddedLog } from './bus.ts';
import { openFramedBus } from './framed-bus.ts';
import { type Milestone, milestone } from './milestone.ts';
import { runOtlpDestination } from './otlp-destination.ts';
import { fileSource, hasResourceSources, resourceSources } from './resource-sources.ts';
import { runTogether } from '../core/run-together.ts';
import { configuredSignatures, type Settings } from './settings.ts';
import { clickHouseDirectory } from './stored-traces.ts';
import { watchTopics } from './watch-topics.ts';

/** Where events come from. Resolves when there are no more, or when the signal fires. */
export type EventSource = (context: {
  readonly bus: Bus;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
}) => Promise<void>;

/** What a pipeline is made of. */
export interface PipelineOptions {
  readonly settings: Settings;
  readonly dataDirectory: string;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  readonly source: EventSource;
  /** File of resources that are there before any event is. */
  readonly resourceFile?: string;
  /** On Kafka where it is configured. A replay or a demo has a log of its own, in the data directory. */
  readonly onConfiguredBus?: true;
  /** Bounds of the log, where it is the embedded one. */
  readonly logBounds?: EmbeddedLogBounds;
  /** The source ends by itself (a recording): each stage then works off its input, releases what it holds and ends. */
  readonly ends: boolean;
  /** Writes traces to ClickHouse. */
  readonly stores: boolean;
  /** Serves the query API, which needs what is stored; told the port once it listens. */
  readonly listening?: (port: number) => void;
  /** Shown every message of some topics, as it was written. */
  readonly watch?: { readonly topics: readonly Topic[]; readonly onMessage: (message: ReceivedMessage) => void };
}

/**
 * Runs all stages until the signal fires or, with a source that ends, until everything has come out at the other end.
 *
 * @throws the first failure of a stage, once the others have stopped
 */
export async function runPipeline(options: PipelineOptions): Promise<void> {
  const { settings, dataDirectory, telemetry, signal, source, ends, stores, listening, watch } = options;
  // What is wrong with the settings shows before anything begins.
  if (listening !== undefined) await requireFreePort(queryAddress(settings.query));
  const publishing =
    options.onConfiguredBus === true && hasResourceSources(settings)
      ? { config: settings.resources, telemetry, ...(await resourceSources(settings, telemetry)) }
      : undefined;
  const bus = await (options.onConfiguredBus === true
    ? openFramedBus(settings, dataDirectory, telemetry.logger, options.logBounds)
    : openEmbeddedLog(settings.bus, dataDirectory, options.logBounds));
  // A replay has a log of its own, and nobody's key.
  const signatures = options.onConfiguredBus === true ? configuredSignatures(settings) : unsignedAccepted;
  try {
    const directory = clickHouseDirectory(dataDirectory);
    const clickHouse = stores ? await openClickHouse(settings.clickHouse, directory) : undefined;
    try {
      const [collected, enriched, correlated] = [milestone(), milestone(), milestone()];
      const until = (before: Milestone): { untilEnd?: Promise<void> } => (ends ? { untilEnd: before.reached } : {});
      const tasks: ((signal: AbortSignal) => Promise<void>)[] = [
        async (stop) => {
          if (options.resourceFile !== undefined) {
            const file = fileSource(options.resourceFile, telemetry);
            await publishOnce({ config: settings.resources, bus, sources: [file], telemetry, signal: stop });
          }
          await source({ bus, telemetry, signal: stop });
          collected.reach();
        },
        async (stop) => {
          await runEnricher({
            config: settings.enricher,
            signatures,
            bus,
            telemetry,
            signal: stop,
            ...until(collected),
          });
          enriched.reach();
        },
        async (stop) => {
          await runCorrelator({ config: settings.correlator, bus, telemetry, signal: stop, ...until(enriched) });
          correlated.reach();
        },
      ];
      if (clickHouse !== undefined) {
        const stage = { clickHouse, telemetry };
        const stored = { ...stage, config: settings.sink, signatures, bus };
        tasks.push((stop) => runSink({ ...stored, signal: stop, ...until(correlated) }));
        if (listening !== undefined) {
          const served = { ...stage, config: settings.query, dataDirectory: resolve(directory), listening };
          tasks.push((stop) => runQuery({ ...served, signal: stop }));
        }
      }
      if (publishing !== undefined) tasks.push((stop) => runResources({ ...publishing, bus, signal: stop }));
      // A replay or a demo is nothing for other systems.
      if (settings.otlpSink.enabled && options.onConfiguredBus === true) {
        tasks.push((stop) => runOtlpDestination({ settings, bus, telemetry, signal: stop, ...until(correlated) }));
      }
      if (watch !== undefined) {
        tasks.push((stop) => watchTopics({ ...watch, bus, signal: stop, ...until(correlated) }));
      }
      await runTogether(signal, tasks);
    } finally {
      await clickHouse?.close();
    }
  } finally {
    await bus.close();
  }
}
