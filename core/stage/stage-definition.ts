/**
 * The declaration of a stage: its name, settings, topics, consumer groups and how it runs, in `<stage>/definition.ts`.
 * Commands, topics, ACLs, documentation and deployments follow from it. cli/stages.ts lists all stages.
 */
import type { SignaturePolicy } from '../agents/agent-signature.ts';
import type { Bus } from '../bus/bus.ts';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import type { ConfigValues, Sections } from '../config/load-config.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Topic } from '../topics.ts';

/** Stores that a stage can need. The command line opens them before the stage and closes them after it. */
export interface Stores {
  /** The log: the embedded one, or Kafka. */
  readonly bus: Bus;
  readonly clickHouse: ClickHouse;
}
export type StoreName = keyof Stores;

/** A topic that a stage reads. */
export interface TopicRead {
  readonly topic: Topic;
  /** Consumer group. Its name begins with the stage's, so that one ACL by prefix covers all groups of a stage. */
  readonly group: string;
  /**
   * False: instances share the partitions and commit positions. True: every instance reads the whole topic, in a group of
   * its own with a random suffix, and commits nothing.
   */
  readonly isWhole: boolean;
}

/** What a stage runs with, besides the stores that it names. */
export interface StageContext<Settings> {
  readonly settings: Settings;
  /** Folder of SPANLOOM_DATA_DIR. */
  readonly dataDirectory: string;
  /** Which signatures of agents the stage requires and accepts. */
  readonly signatures: SignaturePolicy;
  /** Bus of `unprefixedTopics`. Undefined if there are none, or if nothing goes to other systems, as in a replay. */
  readonly unprefixedBus: Bus | undefined;
  readonly telemetry: Telemetry;
  /** When it fires, the stage commits its work and ends. */
  readonly signal: AbortSignal;
  /** For replay: the input is complete, or will be when the promise resolves; then the stage ends by itself. */
  readonly untilEnd?: true | Promise<unknown>;
  /** Called with the port once the stage listens on its own one. */
  readonly listening?: (port: number) => void;
}

/** One stage, as the command line, topics, ACLs, documentation and deployments need it. */
export interface StageDefinition<
  Name extends string = string,
  Own extends Sections = Sections,
  Needed extends StoreName = StoreName,
> {
  /** Name of its command, image and metrics, and prefix of its consumer groups. */
  readonly name: Name;
  /** What it does; continues the sentence "run the stage … alone: it …". */
  readonly description: string;
  /** Its settings, by the names under which `run` gets their values. */
  readonly settings: Own;
  readonly stores: readonly Needed[];
  readonly reads: readonly TopicRead[];
  /** Topics that it writes. Reading or writing a topic that is not declared fails: see declared-bus.ts. */
  readonly writes: readonly Topic[];
  /** Further topics that it writes, under full names without the prefix. */
  unprefixedTopics?(settings: ConfigValues<Own>): readonly string[];
  /** The port of its own service, besides that of metrics, and the setting that names it. */
  readonly port?: { readonly name: string; readonly setting: string };
  /** Whether these settings give it work; otherwise `spanloom up` leaves it out. */
  hasWork?(settings: ConfigValues<Own>): boolean;
  /**
   * Checks the settings and this machine before any store is opened.
   *
   * @throws PipelineError
   */
  check?(settings: ConfigValues<Own>, telemetry: Telemetry): Promise<void>;
  /** Loads its code, which the definition alone does not, and runs it until the signal fires. */
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
