/**
 * What the stages carry on a real Kafka broker: each as its own process from the build, on input that waits in Kafka,
 * with one and with two instances, against a plain copy of the same bytes by kafkajs. Rates by the clock and by
 * processor time (two cores share the broker, the stage and this program, so the clock says less), and peak resident
 * size. Needs Java, Maven's archives (npm run setup), redis-server; builds first. Everything it makes is removed.
 *
 *   npx tsx bench/kafka-stages.ts [--stages enricher,correlator,correlator-redis,sink,sink-http] [--records 600000]
 *     [--rounds 1] [--partitions 4] [--single] [--memory] [--minutes 10 --sustain STAGE] [--node OPTION]
 *     [--set NAME=VALUE]
 *
 * --memory tells what resident memory was made of over time, by the stage's own metrics. --single leaves two instances
 * out. --sustain feeds one stage at 70 % of its rate for so many minutes and tells its lag.
 * --node gives Node.js an option for the stages, such as --node=--cpu-prof; --set gives them a setting.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openKafkaBus } from '../core/bus/kafka/kafka-bus.ts';
import { projectFile } from '../core/project-files.ts';
import { compactedTopics, topics } from '../core/topics.ts';
import { redisMissing, type RedisUnderTest, startRedis } from '../core/testing/redis-server.ts';
import { type Broker, startBroker } from '../scripts/kafka/broker.ts';
import { eventInput, type Input, spanInput, traceInput } from './kafka/inputs.ts';
import { measure, type Measurement, type MemorySample } from './kafka/measure.ts';
import { startClickHouse, startCopy, startStage, type MeasuredProcess } from './kafka/run-process.ts';
import { sustain } from './kafka/sustain.ts';

const { values: options } = parseArgs({
  options: {
    stages: { type: 'string', default: 'enricher,correlator,correlator-redis,sink,sink-http' },
    records: { type: 'string', default: '600000' },
    rounds: { type: 'string', default: '1' },
    partitions: { type: 'string', default: '4' },
    single: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '0.5' },
    sustain: { type: 'string' },
    node: { type: 'string', multiple: true, default: [] },
    set: { type: 'string', multiple: true, default: [] },
  },
});
const records = Number(options.records);
const rounds = Number(options.rounds);
const partitions = Number(options.partitions);

/** A stage as it is measured. */
interface Subject {
  readonly command: 'enricher' | 'correlator' | 'sink';
  readonly unit: string;
  readonly aim: number;
  readonly input: () => Input;
  /** How often it receives a record: a correlator over Redis does so before and after linking. */
  readonly passes: number;
}

const spansPerSecond = 50_000;
const subjects: Readonly<Record<string, Subject>> = {
  enricher: { command: 'enricher', unit: 'events', aim: 60_000, input: () => eventInput(records), passes: 1 },
  correlator: {
    command: 'correlator',
    unit: 'spans',
    aim: 50_000,
    input: () => spanInput(records, spansPerSecond),
    passes: 1,
  },
  'correlator-redis': {
    command: 'correlator',
    unit: 'spans',
    aim: 50_000,
    input: () => spanInput(records, spansPerSecond),
    passes: 2,
  },
  // With the engine in the same process, and with a server as where it is deployed.
  sink: { command: 'sink', unit: 'rows', aim: 100_000, input: () => traceInput(records), passes: 1 },
  'sink-http': { command: 'sink', unit: 'rows', aim: 100_000, input: () => traceInput(records), passes: 1 },
};

const folder = mkdtempSync(join(tmpdir(), 'spanloom-bench-'));
const median = (all: readonly number[]): number => all.toSorted((one, other) => one - other)[all.length >> 1]!;
let runs = 0;

async function fill(broker: Broker, prefix: string, input: Input): Promise<void> {
  const bus = openKafkaBus({ brokers: broker.brokers, prefix });
  await bus.ensureTopics(topics.map((name) => ({ name, partitions, compacted: compactedTopics.includes(name) })));
  const producer = await bus.producer();
  for (let from = 0; from < input.messages.length; from += 2_000)
    await producer.send(input.messages.slice(from, from + 2_000));
  await bus.close();
}

/** Topics of a run are not needed any more. */
async function empty(broker: Broker, prefix: string, more: readonly string[] = []): Promise<void> {
  const { default: kafkajs } = await import('kafkajs');
  const admin = new kafkajs.Kafka({ brokers: [...broker.brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [...topics.map((name) => prefix + name), ...more] });
  await admin.disconnect();
}

interface Context {
  readonly broker: Broker;
  readonly redis: RedisUnderTest | undefined;
  readonly clickHouse: { readonly url: string } | undefined;
}

function settingsOf(
  name: string,
  { broker, redis, clickHouse }: Context,
  prefix: string,
  instance: number,
): Record<string, string> {
  return {
    SPANLOOM_BUS_KAFKA_BROKERS: broker.brokers.join(','),
    SPANLOOM_BUS_KAFKA_PREFIX: prefix,
    SPANLOOM_BUS_PARTITIONS: String(partitions),
    SPANLOOM_SINK_RETENTION: '0',
    SPANLOOM_DATA_DIR: join(folder, `${prefix}${instance}`),
    // The input is no agent's.
    SPANLOOM_AGENTS_SIGNATURES: 'accepted',
    ...Object.fromEntries(options.set.map((text) => text.split('=', 2) as [string, string])),
    ...(name === 'correlator-redis' ? { SPANLOOM_CORRELATOR_REDIS_URL: redis!.url } : {}),
    ...(name === 'sink-http' ? { SPANLOOM_CLICKHOUSE_URL: clickHouse!.url } : {}),
  };
}

async function startInstances(
  name: string,
  subject: Subject,
  context: Context,
  prefix: string,
  instances: number,
): Promise<readonly MeasuredProcess[]> {
  return Promise.all(
    Array.from({ length: instances }, (_, instance) =>
      startStage(subject.command, settingsOf(name, context, prefix, instance), options.node),
    ),
  );
}

async function runInstances(
  name: string,
  subject: Subject,
  context: Context,
  input: Input,
  instances: number,
): Promise<Measurement> {
  const prefix = `bench-${++runs}.`;
  await fill(context.broker, prefix, input);
  const processes = await startInstances(name, subject, context, prefix, instances);
  try {
    const measured = await measure(processes, input.records * subject.passes);
    return { ...measured, records: measured.records / subject.passes };
  } finally {
    await Promise.all(processes.map((each) => each.stop()));
    await empty(context.broker, prefix);
    await context.redis?.flush();
  }
}

async function runCopy(context: Context, input: Input): Promise<Measurement> {
  const prefix = `bench-${++runs}.`;
  await fill(context.broker, prefix, input);
  const bus = openKafkaBus({ brokers: context.broker.brokers, prefix });
  await bus.ensureTopics([{ name: 'copy', partitions }]);
  await bus.close();
  const copy = startCopy(context.broker.brokers.join(','), prefix + input.topic, `${prefix}copy`);
  try {
    const measured = await measure([copy], input.messages.length);
    return { ...measured, records: (measured.records * input.records) / input.messages.length };
  } finally {
    await copy.stop();
    await empty(context.broker, prefix, [`${prefix}copy`]);
  }
}

interface Row {
  readonly name: string;
  readonly text: string;
}

const figure = (value: number): string => Math.round(value).toLocaleString('en');
const wall = ({ records: count, seconds }: Measurement): number => count / seconds;
const perCore = ({ records: count, cpuSeconds }: Measurement): number => count / cpuSeconds;

const mebibytes = (bytes: number): string => figure(bytes / 2 ** 20);

function greatestMemory(samples: readonly MemorySample[]): string {
  const most = (valueOf: (sample: MemorySample) => number): string => mebibytes(Math.max(...samples.map(valueOf)));
  return `at most ${most((each) => each.heapUsedBytes)} MiB of heap used in ${most((each) => each.heapTotalBytes)} taken, ${most((each) => each.externalBytes)} external`;
}

/** Two a second are enough to read. */
const thinned = (samples: readonly MemorySample[]): readonly MemorySample[] =>
  samples.filter(
    ({ seconds }, index) => Math.floor(2 * seconds) !== Math.floor(2 * (samples[index - 1]?.seconds ?? -1)),
  );

const memoryRow = ({ seconds, residentBytes, heapUsedBytes, heapTotalBytes, externalBytes }: MemorySample): Row => ({
  name: `  after ${seconds.toFixed(1)} s`,
  text: `${mebibytes(residentBytes)} MiB resident, heap ${mebibytes(heapUsedBytes)} of ${mebibytes(heapTotalBytes)}, external ${mebibytes(externalBytes)}`,
});

/** Feeds a stage at a rate for long, and tells its lag. */
async function sustained(name: string, subject: Subject, context: Context, input: Input, rate: number): Promise<Row> {
  const prefix = `bench-${++runs}.`;
  await fill(context.broker, prefix, { ...input, messages: [] });
  const [stage] = await startInstances(name, subject, context, prefix, 1);
  try {
    const minutes = Number(options.minutes);
    const lags = await sustain({ broker: context.broker, prefix, input, stage: stage!, rate, minutes });
    return {
      name: `${options.minutes} minutes`,
      text: `at ${figure(rate)} ${subject.unit}/s: ${figure(lags.fed)} ${subject.unit}/s fed, ${lags.text}`,
    };
  } finally {
    await stage!.stop();
    await empty(context.broker, prefix);
  }
}

async function benchStage(name: string, context: Context): Promise<readonly Row[]> {
  const subject = subjects[name];
  if (subject === undefined) throw new Error(`no stage ${name}: ${Object.keys(subjects).join(', ')}`);
  const input = subject.input();
  const bytesPerRecord = input.bytes / input.records;
  const copies: Measurement[] = [];
  const ones: Measurement[] = [];
  const twos: Measurement[] = [];
  const canBeTwo = name !== 'correlator' && !options.single;
  for (let round = 0; round < rounds; round++) {
    copies.push(await runCopy(context, input));
    ones.push(await runInstances(name, subject, context, input, 1));
    if (canBeTwo) twos.push(await runInstances(name, subject, context, input, 2));
  }
  const core = median(ones.map(perCore));
  const copyCore = median(copies.map(perCore));
  const megabytes = (all: readonly Measurement[]): string =>
    `${figure(Math.max(...all.map(({ peakBytes }) => peakBytes)) / 2 ** 20)} MiB`;
  const { unit, aim } = subject;
  const rows: Row[] = [
    {
      name: `${name}: input`,
      text: `${figure(input.records)} ${unit} in ${figure(input.messages.length)} messages, ${figure(bytesPerRecord)} bytes each`,
    },
    {
      name: 'plain copy',
      text: `${figure(median(copies.map(wall)))} ${unit}/s, ${figure(copyCore)} per core, ${megabytes(copies)}`,
    },
    {
      name: 'one instance',
      text: `${figure(median(ones.map(wall)))} ${unit}/s, ${figure(core)} per core (aim ${figure(aim)}), ${megabytes(ones)}; ${(core / copyCore).toFixed(2)} of the copy`,
    },
  ];
  rows.push({ name: 'memory of one', text: greatestMemory(ones.flatMap(({ memory }) => memory)) });
  if (options.memory) for (const sample of thinned(ones[0]!.memory)) rows.push(memoryRow(sample));
  if (canBeTwo) {
    const two = median(twos.map(perCore));
    rows.push({
      name: 'two instances',
      text: `${figure(median(twos.map(wall)))} ${unit}/s, ${figure(two)} per core, ${megabytes(twos)}; by cost ${((2 * two) / core).toFixed(2)} times one`,
    });
  }
  if (options.sustain === name) rows.push(await sustained(name, subject, context, input, 0.7 * median(ones.map(wall))));
  return rows;
}

try {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: projectFile(), stdio: 'inherit' });
  const names = options.stages.split(',');
  const needsRedis = names.includes('correlator-redis');
  if (needsRedis && redisMissing() !== undefined) throw new Error(redisMissing());
  const redis = needsRedis ? await startRedis() : undefined;
  const clickHouse = names.includes('sink-http') ? await startClickHouse(join(folder, 'clickhouse')) : undefined;
  const broker = await startBroker({ directory: join(folder, 'kafka'), heapMiB: 1_024 });
  try {
    for (const name of names)
      for (const row of await benchStage(name, { broker, redis, clickHouse }))
        console.log(`${row.name.padEnd(26)}${row.text}`);
  } finally {
    await broker.kill();
    await redis?.dispose();
    await clickHouse?.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
