/** All stages in one process. */
import { unsignedAccepted } from '../core/agents/agent-signature.ts';
import type { Bus, ReceivedMessage } from '../core/bus/bus.ts';
import type { ClickHouse } from '../core/clickhouse/clickhouse.ts';
import { runTogether } from '../core/run-together.ts';
import { declaredBus } from '../core/stage/declared-bus.ts';
import { reportStages } from '../core/stage/report-stages.ts';
import type { StageDefinition, Stores } from '../core/stage/stage-definition.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { Topic } from '../core/topics.ts';
import { type EmbeddedLogBounds, openEmbeddedLog } from './bus/bus.ts';
import { openFramedBus } from './bus/framed-bus.ts';
import { type Milestone, milestone } from './process/milestone.ts';
import { publishResourceFile } from './publish-resource-file.ts';
import { configuredSignatures, type Settings } from './settings.ts';
import { stages } from './stages.ts';
import { openUnprefixedBus, withBus, withClickHouse } from './stores.ts';
import { packageVersion } from '../core/package-version.ts';
import { watchTopics } from './bus/watch-topics.ts';

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
  /** Takes the place of the collector. */
  readonly source?: EventSource;
  /** File of resources that are there before any event is. */
  readonly resourceFile?: string;
  /** On Kafka where it is configured. A replay or a demo has a log of its own, in the data directory, and sends other systems nothing. */
  readonly onConfiguredBus?: true;
  /** Bounds of the log, where it is the embedded one. */
  readonly logBounds?: EmbeddedLogBounds;
  /** The source ends by itself (a recording): each stage then works off its input, releases what it holds and ends. */
  readonly ends: boolean;
  /** Runs the stages that need ClickHouse. */
  readonly stores: boolean;
  /** Serves the query API, which needs what is stored; called with the port once it listens. */
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
  const { settings, dataDirectory, telemetry, onConfiguredBus } = options;
  const wanted = stages.filter((stage) => isWanted(stage, options));
  // What is wrong with the settings shows before anything begins.
  for (const stage of wanted) await stage.check?.(settings, telemetry);
  const openBus = (): Promise<Bus> =>
    onConfiguredBus === true
      ? openFramedBus(settings, dataDirectory, telemetry.logger, options.logBounds)
      : openEmbeddedLog(settings.bus, dataDirectory, options.logBounds);
  const openUnprefixed = async (bus: Bus): Promise<Bus | undefined> =>
    onConfiguredBus && openUnprefixedBus(settings, bus, telemetry.logger);
  await withBus(openBus, (bus) =>
    withBus(
      () => openUnprefixed(bus),
      (unprefixedBus) =>
        options.stores
          ? withClickHouse(settings, dataDirectory, (clickHouse) =>
              runStages(wanted, { bus, clickHouse, unprefixedBus }, options),
            )
          : runStages(wanted, { bus, unprefixedBus }, options),
    ),
  );
}

function isWanted(stage: StageDefinition, options: PipelineOptions): boolean {
  if (stage.name === 'resources' && options.onConfiguredBus !== true) return false;
  if (stage.hasWork?.(options.settings) === false) return false;
  if (stage.stores.includes('clickHouse') && !options.stores) return false;
  return stage.port === undefined || options.listening !== undefined;
}

interface Opened {
  readonly bus: Bus;
  readonly clickHouse?: ClickHouse;
  readonly unprefixedBus: Bus | undefined;
}

type Task = (signal: AbortSignal) => Promise<void>;

async function runStages(wanted: readonly StageDefinition[], opened: Opened, options: PipelineOptions): Promise<void> {
  const { settings, dataDirectory, telemetry, signal, ends, listening, source, watch } = options;
  const { bus, unprefixedBus } = opened;
  const ended = new Map<StageDefinition, Milestone>(wanted.map((stage) => [stage, milestone()]));
  /** The end of all stages that write what is read; of the reader itself it is not waited for. */
  const untilEnd = (topics: readonly Topic[], reader?: StageDefinition): { untilEnd?: Promise<unknown> } => {
    if (!ends) return {};
    const writers = wanted.filter((stage) => stage !== reader && stage.writes.some((topic) => topics.includes(topic)));
    return { untilEnd: Promise.all(writers.map((stage) => ended.get(stage)!.reached)) };
  };
  const context = {
    settings,
    dataDirectory,
    // A replay has a log of its own, on which no agent signs.
    signatures: options.onConfiguredBus === true ? configuredSignatures(settings) : unsignedAccepted,
    unprefixedBus,
    telemetry,
    ...(listening === undefined ? {} : { listening }),
  };
  const tasks = wanted.map((stage): Task => async (stop) => {
    const isSource = stage.name === 'collector';
    if (isSource && options.resourceFile !== undefined)
      await publishResourceFile(options.resourceFile, { settings, bus, telemetry, signal: stop });
    if (isSource && source !== undefined) await source({ bus, telemetry, signal: stop });
    else {
      const reads = stage.reads.map(({ topic }) => topic);
      // Those that the stage names have been opened: see isWanted.
      const stores = { ...opened, bus: declaredBus(bus, stage) } as Stores;
      await stage.run({ ...context, ...stores, signal: stop, ...untilEnd(reads, stage) });
    }
    // Others would wait for what it does not send any more.
    if (!ends && !stop.aborted) throw new Error(`The stage ${stage.name} has ended by itself.`);
    ended.get(stage)!.reach();
  });
  // A recording is over before anyone could look at reports of it.
  if (!ends) tasks.push((stop) => reportStages({ bus, telemetry, version: packageVersion(), signal: stop }));
  if (watch !== undefined)
    tasks.push((stop) => watchTopics({ ...watch, bus, signal: stop, ...untilEnd(watch.topics) }));
  await runTogether(signal, tasks);
}
