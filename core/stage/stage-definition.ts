/** What a stage declares of itself, in one file: `<stage>/definition.ts`. The list of all stages is cli/stages.ts. */
import type { SignaturePolicy } from '../agents/agent-signature.ts';
import type { Bus } from '../bus/bus.ts';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import type { ConfigValues, Sections } from '../config/load-config.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Topic } from '../topics.ts';

/** What a stage can need that is opened for it, and closed after it. */
export interface Stores {
  /** The log: the embedded one, or Kafka. */
  readonly bus: Bus;
  readonly clickHouse: ClickHouse;
}
export type StoreName = keyof Stores;

/** A topic that a stage reads. */
export interface TopicRead {
  readonly topic: Topic;
  /** Consumer group; it is called after the stage, so that a right by prefix covers all groups of a stage. */
  readonly group: string;
  /**
   * False where instances share the partitions and positions are stored. True where every instance reads all of the
   * topic: the name of the group gets something random behind it.
   */
  readonly isWhole: boolean;
}

/** With what a stage runs, beside the stores that it names. */
export interface StageContext<Settings> {
  readonly settings: Settings;
  /** Folder of SPANLOOM_DATA_DIR. */
  readonly dataDirectory: string;
  /** Whose signatures of agents count. */
  readonly signatures: SignaturePolicy;
  /** Where the topics of `unprefixedTopics` are, if there are any. Undefined also where other systems get nothing, as in a replay. */
  readonly unprefixedBus: Bus | undefined;
  readonly telemetry: Telemetry;
  /** The stage ends, its work stored, when this fires. */
  readonly signal: AbortSignal;
  /** For replay: the input is complete, or will be when the promise resolves; then the stage ends by itself. */
  readonly untilEnd?: true | Promise<unknown>;
  /** Called with the port once the stage listens on its own one. */
  readonly listening?: (port: number) => void;
}

/** One stage: all that the command line, topics, rights, documentation and deployments need to know of it. */
export interface StageDefinition<
  Name extends string = string,
  Own extends Sections = Sections,
  Needed extends StoreName = StoreName,
> {
  /** Names its command, image, consumer groups, metrics and rights. */
  readonly name: Name;
  /** What it does, to follow "run the stage … alone:". */
  readonly description: string;
  /** Its settings, by the names under which it gets their values. */
  readonly settings: Own;
  readonly stores: readonly Needed[];
  readonly reads: readonly TopicRead[];
  /** A stage that writes or reads another topic fails: see declared-bus.ts. */
  readonly writes: readonly Topic[];
  /** Further topics that it writes, under full names that get no prefix. */
  unprefixedTopics?(settings: ConfigValues<Own>): readonly string[];
  /** The port on which it serves others, beside the one of metrics, by its setting. */
  readonly port?: { readonly name: string; readonly setting: string };
  /** Whether it has anything to do with these settings: `spanloom up` leaves it out otherwise. */
  hasWork?(settings: ConfigValues<Own>): boolean;
  /**
   * Finds what is wrong with the settings or this machine, before anything is opened.
   *
   * @throws PipelineError
   */
  check?(settings: ConfigValues<Own>, telemetry: Telemetry): Promise<void>;
  /** Runs it until the signal fires. Loads its code, which the definition alone does not. */
  run(context: StageContext<ConfigValues<Own>> & Pick<Stores, Needed>): Promise<void>;
}

/** Declares a stage. */
export function defineStage<
  const Name extends string,
  const Own extends Sections,
  const Needed extends StoreName = never,
>(definition: StageDefinition<Name, Own, Needed>): StageDefinition<Name, Own, Needed> {
  return definition;
}
