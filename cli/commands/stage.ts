import type { Bus } from '../../core/bus/bus.ts';
import { connect, patientBus } from '../../core/stage/connect.ts';
import { declaredBus } from '../../core/stage/declared-bus.ts';
import type { StageDefinition, StoreName, Stores } from '../../core/stage/stage-definition.ts';
import { reportStages } from '../../core/stage/report-stages.ts';
import { stageEvents } from '../../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { openFramedBus } from '../bus/framed-bus.ts';
import { runService } from '../process/run-service.ts';
import { configuredSignatures, loadSettings, type Settings } from '../settings.ts';
import { type StageName, stageOf } from '../stages.ts';
import { openUnprefixedBus, withBus, withClickHouse } from '../stores.ts';
import { packageVersion } from '../../core/package-version.ts';
import { processTelemetry } from '../process/telemetry.ts';

/** Runs one stage in this process until the signal fires; without Kafka, stages on one host share the log in the data directory. */
export async function runStageAlone(name: StageName, signal: AbortSignal): Promise<void> {
  process.title = `spanloom-${name}`;
  const stage = stageOf(name);
  const settings = loadSettings();
  const telemetry = processTelemetry(`spanloom-${name}`, settings.shared.logLevel);
  await stage.check?.(settings, telemetry);
  await runService({ settings: settings.shared, telemetry, signal }, async () => {
    try {
      await openAndRun({ stage, settings, telemetry, signal }, stage.stores, {});
    } catch (error) {
      // The signal came while it waited for what is unavailable: that is how it ends then.
      if (!signal.aborted || error !== signal.reason) throw error;
    }
  });
}

interface Run {
  readonly stage: StageDefinition;
  readonly settings: Settings;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
}

type Opened = Partial<Stores> & { readonly unprefixedBus?: Bus | undefined };

/** Opens what is left of the stores, one within the other, then runs the stage with all of them. */
async function openAndRun(run: Run, left: readonly StoreName[], opened: Opened): Promise<void> {
  const [store, ...others] = left;
  const { settings } = run;
  switch (store) {
    case 'clickHouse':
      return withClickHouse(settings, settings.shared.dataDir, (clickHouse) =>
        openAndRun(run, others, { ...opened, clickHouse }),
      );
    case 'bus':
      return withBuses(run, (bus, unprefixedBus) => openAndRun(run, others, { ...opened, bus, unprefixedBus }));
    case undefined:
      return runWith(run, opened);
  }
}

async function withBuses(
  { stage, settings, telemetry, signal }: Run,
  use: (bus: Bus, unprefixedBus: Bus | undefined) => Promise<void>,
): Promise<void> {
  const waiting = { telemetry: stageEvents(telemetry, stage.name), signal };
  const { dataDir } = settings.shared;
  await withBus(
    () => connect('bus', () => openFramedBus(settings, dataDir, telemetry.logger), waiting),
    (bus) => {
      const openUnprefixed = async (): Promise<Bus | undefined> =>
        stage.unprefixedTopics && connect('bus', () => openUnprefixedBus(settings, bus, telemetry.logger), waiting);
      return withBus(openUnprefixed, (unprefixedBus) =>
        use(declaredBus(patientBus(bus, waiting), stage), unprefixedBus),
      );
    },
  );
}

async function runWith(
  { stage, settings, telemetry, signal }: Run,
  { unprefixedBus, ...stores }: Opened,
): Promise<void> {
  // Everything that may be wrong with the settings and with this machine would have shown by now.
  const sayRunning = (): void => void process.stderr.write(`The stage ${stage.name} runs; Ctrl-C ends it.\n`);
  if (stage.port === undefined) sayRunning();
  const context = {
    settings,
    dataDirectory: settings.shared.dataDir,
    signatures: configuredSignatures(settings),
    unprefixedBus,
    telemetry,
    signal,
    listening: sayRunning,
  };
  // Those that the stage names have been opened.
  const running = stage.run({ ...context, ...(stores as Stores) });
  const ended = new AbortController();
  const version = packageVersion();
  const reports =
    stores.bus &&
    reportStages({ bus: stores.bus, telemetry, version, signal: AbortSignal.any([signal, ended.signal]) });
  try {
    await running;
  } finally {
    ended.abort();
    await reports;
  }
}
