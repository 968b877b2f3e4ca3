import { resolve } from 'node:path';
import type { Bus } from '../../core/bus/bus.ts';
import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import { openClickHouse } from '../../core/clickhouse/config.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { runCorrelator } from '../../correlator/run.ts';
import { runEnricher } from '../../enricher/run.ts';
import { runQuery } from '../../query/run.ts';
import { runSink } from '../../sink/run.ts';
import { openBus } from '../bus.ts';
import { runOtlpDestination } from '../otlp-destination.ts';
import { runTogether } from '../run-together.ts';
import { loadSettings, type Settings } from '../settings.ts';
import { captureSource } from '../sources.ts';
import type { StageName } from '../stage-names.ts';
import { clickHouseDirectory } from '../stored-traces.ts';
import { processTelemetry } from '../telemetry.ts';

/** Runs one stage in this process until the signal fires; without Kafka, stages on one host share the log in the data directory. */
export async function runStageAlone(stage: StageName, signal: AbortSignal): Promise<void> {
  process.title = `spanloom-${stage}`;
  const settings = loadSettings();
  const telemetry = processTelemetry(`spanloom-${stage}`, settings.shared.logLevel);
  const { dataDir } = settings.shared;
  process.stderr.write(`The ${stage} runs; Ctrl-C ends it.\n`);
  switch (stage) {
    case 'collector':
      return withBus(settings, telemetry, (bus) => captureSource(settings, dataDir)({ bus, telemetry, signal }));
    case 'enricher':
      return withBus(settings, telemetry, (bus) => runEnricher({ config: settings.enricher, bus, telemetry, signal }));
    case 'correlator':
      return withBus(settings, telemetry, (bus) =>
        runCorrelator({ config: settings.correlator, bus, telemetry, signal }),
      );
    case 'sink':
      return withBus(settings, telemetry, (bus) =>
        withClickHouse(settings, (clickHouse) =>
          runTogether(signal, [
            (stop) => runSink({ config: settings.sink, bus, clickHouse, telemetry, signal: stop }),
            ...(settings.otlpSink.enabled
              ? [(stop: AbortSignal) => runOtlpDestination({ settings, bus, telemetry, signal: stop })]
              : []),
          ]),
        ),
      );
    case 'query':
      return withClickHouse(settings, (clickHouse) =>
        runQuery({
          config: settings.query,
          clickHouse,
          telemetry,
          signal,
          dataDirectory: resolve(clickHouseDirectory(dataDir)),
        }),
      );
  }
}

async function withBus(settings: Settings, { logger }: Telemetry, use: (bus: Bus) => Promise<void>): Promise<void> {
  const bus = await openBus(settings.bus, settings.shared.dataDir, logger);
  try {
    await use(bus);
  } finally {
    await bus.close();
  }
}

async function withClickHouse(settings: Settings, use: (clickHouse: ClickHouse) => Promise<void>): Promise<void> {
  const clickHouse = openClickHouse(settings.clickHouse, clickHouseDirectory(settings.shared.dataDir));
  try {
    await use(clickHouse);
  } finally {
    await clickHouse.close();
  }
}
