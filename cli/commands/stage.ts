import { resolve } from 'node:path';
import type { Bus } from '../../core/bus/bus.ts';
import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import { openClickHouse } from '../../core/clickhouse/config.ts';
import { runResources } from '../../collector/resources/run.ts';
import { requireFreePort } from '../../core/listen.ts';
import { connect, patientBus } from '../../core/stage/connect.ts';
import { stageEvents } from '../../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { runCorrelator } from '../../correlator/run.ts';
import { runEnricher } from '../../enricher/run.ts';
import { queryAddress } from '../../query/config.ts';
import { runQuery } from '../../query/run.ts';
import { runSink } from '../../sink/run.ts';
import { openFramedBus } from '../framed-bus.ts';
import { runOtlpDestination } from '../otlp-destination.ts';
import { type ResourceSources, resourceSources } from '../resource-sources.ts';
import { runService } from '../run-service.ts';
import { runTogether } from '../../core/run-together.ts';
import { configuredSignatures, loadSettings, type Settings } from '../settings.ts';
import { captureSource } from '../sources.ts';
import type { StageName } from '../stage-names.ts';
import { clickHouseDirectory } from '../stored-traces.ts';
import { processTelemetry } from '../telemetry.ts';

/** Runs one stage in this process until the signal fires; without Kafka, stages on one host share the log in the data directory. */
export async function runStageAlone(stage: StageName, signal: AbortSignal): Promise<void> {
  process.title = `spanloom-${stage}`;
  const settings = loadSettings();
  const telemetry = processTelemetry(`spanloom-${stage}`, settings.shared.logLevel);
  const resources = stage === 'resources' ? await resourceSources(settings, telemetry) : undefined;
  if (stage === 'query') await requireFreePort(queryAddress(settings.query));
  await runService({ settings: settings.shared, telemetry, signal }, async () => {
    try {
      await run({ stage, settings, telemetry, signal, resources });
    } catch (error) {
      // Told to stop while it waited for what was away: that is how it ends then.
      if (!signal.aborted || error !== signal.reason) throw error;
    }
  });
}

interface Run {
  readonly stage: StageName;
  readonly settings: Settings;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  /** Of the stage resources. */
  readonly resources: ResourceSources | undefined;
}

async function run(context: Run): Promise<void> {
  const { stage, settings, telemetry, signal } = context;
  const { dataDir } = settings.shared;
  const signatures = configuredSignatures(settings);
  switch (stage) {
    case 'collector':
      return withBus(context, (bus) => captureSource(settings, dataDir)({ bus, telemetry, signal }));
    case 'resources':
      return withBus(context, (bus) =>
        runResources({ ...context.resources!, config: settings.resources, bus, telemetry, signal }),
      );
    case 'enricher':
      return withBus(context, (bus) => runEnricher({ config: settings.enricher, signatures, bus, telemetry, signal }));
    case 'correlator':
      return withBus(context, (bus) => runCorrelator({ config: settings.correlator, bus, telemetry, signal }));
    case 'sink':
      return withClickHouse(settings, (clickHouse) =>
        withBus(context, (bus) =>
          runTogether(signal, [
            (stop) => runSink({ config: settings.sink, signatures, bus, clickHouse, telemetry, signal: stop }),
            ...(settings.otlpSink.enabled
              ? [(stop: AbortSignal) => runOtlpDestination({ settings, bus, telemetry, signal: stop })]
              : []),
          ]),
        ),
      );
    case 'query':
      return withClickHouse(settings, (clickHouse) => {
        const dataDirectory = resolve(clickHouseDirectory(dataDir));
        const listening = (): void => tellRunning(stage);
        return runQuery({ config: settings.query, clickHouse, telemetry, signal, dataDirectory, listening });
      });
  }
}

/** Once everything that may be wrong with the settings and with this machine would have shown. */
function tellRunning(stage: StageName): void {
  process.stderr.write(`The stage ${stage} runs; Ctrl-C ends it.\n`);
}

async function withBus({ stage, settings, telemetry, signal }: Run, use: (bus: Bus) => Promise<void>): Promise<void> {
  const waiting = { telemetry: stageEvents(telemetry, stage), signal };
  const bus = await connect('bus', () => openFramedBus(settings, settings.shared.dataDir, telemetry.logger), waiting);
  try {
    tellRunning(stage);
    await use(patientBus(bus, waiting));
  } finally {
    await bus.close();
  }
}

async function withClickHouse(settings: Settings, use: (clickHouse: ClickHouse) => Promise<void>): Promise<void> {
  const clickHouse = await openClickHouse(settings.clickHouse, clickHouseDirectory(settings.shared.dataDir));
  try {
    await use(clickHouse);
  } finally {
    await clickHouse.close();
  }
}
