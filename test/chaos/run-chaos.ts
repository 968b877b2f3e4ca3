/**
 * The chaos program: one input through the pipeline twice, as processes on a real Kafka and a real Redis, with the
 * engine of ClickHouse behind HTTP. First undisturbed, one instance of each stage; then with several, while things are
 * killed, stopped, emptied and poisoned. What both runs come to must be equal.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '../../core/bus/bus.ts';
import { kafkaBusOptions } from '../../core/bus/kafka/config.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { topicSettings } from '../../cli/bus/bus.ts';
import { loadSettings } from '../../cli/settings.ts';
import { type RedisUnderTest, startRedis } from '../../core/testing/redis-server.ts';
import { type Broker, startBroker } from '../../scripts/kafka/broker.ts';
import { accountsOf, difference } from './accounting.ts';
import { type ChaosInput, chaosInput } from './chaos-input.ts';
import { type ClickHouseProcess, startClickHouse } from './clickhouse-process.ts';
import { compareOutcomes } from './compare-outcomes.ts';
import { FaultInjector } from './fault-injector.ts';
import { type Fault, type FaultKind, faultSchedule } from './fault-schedule.ts';
import { InputPublisher } from './input-publisher.ts';
import { type Outcome, readOutcome } from './outcome.ts';
import { untilSettled } from './settled.ts';
import { type FleetStage, StageFleet } from './stage-fleet.ts';

/** What is run. */
export interface ChaosOptions {
  readonly seed: number;
  /** Instances of stages killed with kill -9; as many other faults happen. */
  readonly kills: number;
  /** Sets of three hosts that the input comes from. 2. */
  readonly sets?: number;
  /** Further settings of all stages. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Keeps logs and data. */
  readonly keep?: boolean;
  readonly say: (line: string) => void;
}

/** What came of it. */
export interface ChaosReport {
  /** What was lost, doubled or different, or ended by itself; empty when all is well. */
  readonly problems: readonly string[];
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  readonly skippedFaults: number;
  readonly events: number;
  readonly spans: number;
  readonly traces: number;
  readonly messages: Readonly<Record<string, number>>;
  readonly poison: number;
  readonly lettersRepeated: number;
  readonly seconds: number;
}

const partitions = 6;
const undisturbed: readonly FleetStage[] = ['enricher', 'correlator', 'sink'];
const disturbed: readonly FleetStage[] = [
  ...(['enricher', 'enricher'] as const),
  ...(['correlator', 'correlator', 'correlator'] as const),
  ...(['sink', 'sink'] as const),
];
const settleWithinMs = 300_000;
/** Input goes on for so long after the last fault. */
const tailMs = 5_000;

/** Runs it all; throws only when it could not be run or did not settle. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, kills } = options;
  const startedAtMs = performance.now();
  const say = (line: string): void => {
    options.say(`${((performance.now() - startedAtMs) / 1_000).toFixed(1).padStart(7)} s  ${line}`);
  };
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-chaos-'));
  const endings: (() => Promise<void> | void)[] = [];
  try {
    const broker = await startBroker({ directory: join(folder, 'kafka') });
    endings.push(() => broker.kill());
    const redis = await startRedis();
    endings.push(() => redis.dispose());
    const schedule = faultSchedule({ seed, kills });
    const input = await chaosInput({ sets: options.sets ?? 2, durationMs: schedule.at(-1)!.atMs + tailMs });
    say(
      `seed ${seed}: ${schedule.length} faults, ${input.agentCount} agents, ${(input.durationMs / 1_000).toFixed(0)} s of input`,
    );
    const setting: Setting = { options, folder, broker, redis, schedule, input, endings, say };
    const { outcome: expected, ...first } = await runOnce('undisturbed', setting);
    const { outcome: actual, ...second } = await runOnce('disturbed', setting);
    return {
      problems: [...first.problems, ...second.problems, ...compareOutcomes(expected, actual)],
      faults: second.faults,
      skippedFaults: second.skippedFaults,
      events: actual.events,
      spans: actual.spans.size,
      traces: actual.traceIds.size,
      messages: actual.messages,
      poison: actual.poison.size,
      lettersRepeated: actual.lettersRepeated,
      seconds: Math.round((performance.now() - startedAtMs) / 1_000),
    };
  } finally {
    for (const end of endings.reverse()) await end();
    if (options.keep !== true) rmSync(folder, { recursive: true, force: true });
  }
}

/** What both runs of the input share. */
interface Setting {
  readonly options: ChaosOptions;
  readonly folder: string;
  readonly broker: Broker;
  readonly redis: RedisUnderTest;
  readonly schedule: readonly Fault[];
  readonly input: ChaosInput;
  /** What ends what was started, in the order of starting. */
  readonly endings: (() => Promise<void> | void)[];
  readonly say: (line: string) => void;
}

/** What came of one run of the input. */
interface Run {
  readonly outcome: Outcome;
  readonly problems: readonly string[];
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  readonly skippedFaults: number;
}

/** Sends the input through stages of its own, and reads what they made of it. */
async function runOnce(name: 'undisturbed' | 'disturbed', setting: Setting): Promise<Run> {
  const { options, folder, broker, redis, schedule, input, endings, say } = setting;
  const problems: string[] = [];
  let faults: Partial<Record<FaultKind, number>> = {};
  let skippedFaults = 0;
  const clickHouse = await startClickHouse(join(folder, `clickhouse-${name}`));
  endings.push(() => clickHouse.kill());
  const environment = environmentOf({ name, clickHouse, redisUrl: redis.url, brokers: broker.brokers, options });
  const { bus: busSettings } = loadSettings(environment);
  const bus: Bus = openKafkaBus(kafkaBusOptions(busSettings)!);
  endings.push(() => bus.close());
  await bus.ensureTopics(topicSettings(busSettings));
  const fleet = new StageFleet(environment);
  endings.push(() => fleet.abandon());
  const publisher = new InputPublisher(bus, input);
  for (const stage of name === 'undisturbed' ? undisturbed : disturbed) fleet.start(stage);
  if (name === 'undisturbed') await publisher.publish('max');
  else {
    const injector = new FaultInjector({ broker, redis, clickHouse, fleet, publisher, bus }, say);
    await Promise.all([publisher.publish('real'), injector.run(schedule)]);
    faults = Object.fromEntries(injector.counts);
    skippedFaults = injector.skipped;
  }
  say(`${name}: all input is there: ${publisher.messages} messages, ${publisher.events} events`);
  await untilSettled({
    brokers: broker.brokers,
    prefix: busSettings.kafkaPrefix,
    quietMs: 6_000,
    withinMs: settleWithinMs,
  });
  for (const instance of fleet.running)
    for (const [stage, account] of await accountsOf(instance)) {
      say(`${name}: ${instance.name} ${stage} ${JSON.stringify(account)}`);
      if (difference(account) !== 0)
        problems.push(`${instance.name} ${stage} does not account for ${difference(account)} records`);
    }
  const outcome = await readOutcome(bus, clickHouse);
  say(`${name}: ${outcome.spans.size} spans in ${outcome.traceIds.size} traces, ${JSON.stringify(outcome.messages)}`);
  await fleet.stopAll();
  problems.push(...fleet.problems);
  await bus.close();
  await clickHouse.kill();
  return { outcome, problems, faults, skippedFaults };
}

function environmentOf(run: {
  readonly name: string;
  readonly clickHouse: ClickHouseProcess;
  readonly redisUrl: string;
  readonly brokers: readonly string[];
  readonly options: ChaosOptions;
}): Readonly<Record<string, string>> {
  return {
    SPANLOOM_BUS_KAFKA_BROKERS: run.brokers.join(','),
    SPANLOOM_BUS_KAFKA_PREFIX: `${run.name}.`,
    SPANLOOM_BUS_PARTITIONS: String(partitions),
    // The input is made of a recording, for agents of which nobody has the keys.
    SPANLOOM_AGENTS_SIGNATURES: 'accepted',
    SPANLOOM_BUS_KAFKA_SESSION_TIMEOUT: '6s',
    SPANLOOM_BUS_KAFKA_REBALANCE_TIMEOUT: '15s',
    SPANLOOM_BUS_KAFKA_REQUEST_TIMEOUT: '10s',
    // What an enricher learned from older events it does not know after a restart, so all of a run is remembered.
    SPANLOOM_ENRICHER_MEMORY: '1h',
    SPANLOOM_CORRELATOR_REDIS_URL: run.redisUrl,
    SPANLOOM_CORRELATOR_REDIS_PREFIX: `${run.name}:`,
    SPANLOOM_CORRELATOR_QUIET: '1s',
    SPANLOOM_CORRELATOR_CAUSE_WAIT: '2s',
    SPANLOOM_CLICKHOUSE_URL: run.clickHouse.url,
    // The recording is as old as it is.
    SPANLOOM_SINK_RETENTION: '0',
    SPANLOOM_LOG_LEVEL: 'error',
    ...run.options.settings,
  };
}
