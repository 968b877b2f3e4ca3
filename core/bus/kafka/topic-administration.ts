import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { PipelineError } from '../../errors.ts';
import type { TopicSettings } from '../bus.ts';
import { type KafkaBusOptions, KafkaConnection } from './kafka-connection.ts';
import { brokerAnswer, kafkaError } from './kafka-error.ts';
import { planTopics, type PresentTopic, type TopicChange } from './topic-plan.ts';

const { ConfigResourceTypes, ConfigSource } = kafkajs;

/**
 * @param creator the command that makes topics
 * @throws PipelineError BUS_UNKNOWN_TOPIC that names all topics which are missing, and how they are made
 */
export async function requireTopics(
  options: KafkaBusOptions,
  topics: readonly string[],
  creator = 'spanloom topics apply',
): Promise<void> {
  const connection = new KafkaConnection(options);
  let there: ReadonlySet<string>;
  try {
    // Topics that this user may not describe count as missing: the broker does not distinguish them.
    there = new Set(await connection.withAdmin((admin) => admin.listTopics()));
  } catch (error) {
    throw kafkaError('reading topics', error);
  }
  const missing = topics.map((name) => connection.topicName(name)).filter((name) => !there.has(name));
  if (missing.length === 0) return;
  const names = missing.join(', ');
  const what = missing.length === 1 ? `The topic ${names} does` : `The topics ${names} do`;
  const where = `on Kafka at ${options.brokers.join(', ')}`;
  throw new PipelineError('BUS_UNKNOWN_TOPIC', `${what} not exist ${where}: ${creator} creates them.`);
}

/** What would have to change on Kafka, under the names that topics have there. */
export async function planTopicChanges(
  options: KafkaBusOptions,
  settings: readonly TopicSettings[],
): Promise<readonly TopicChange[]> {
  const connection = new KafkaConnection(options);
  const wanted = settings.map((topic) => ({ ...topic, name: connection.topicName(topic.name) }));
  const names = wanted.map(({ name }) => name);
  try {
    const present = await connection.withAdmin((admin) => presentTopics(admin, names));
    return planTopics(wanted, present, connection.options);
  } catch (error) {
    throw kafkaError('reading topics', error);
  }
}

/** Makes the changes. Those that someone else makes at the same time are fine. */
export async function applyTopics(options: KafkaBusOptions, changes: readonly TopicChange[]): Promise<void> {
  if (changes.length === 0) return;
  try {
    await new KafkaConnection(options).withAdmin(async (admin) => {
      for (const change of changes) await apply(admin, change);
    });
  } catch (error) {
    throw kafkaError('changing topics', error);
  }
}

async function presentTopics(admin: Admin, names: readonly string[]): Promise<ReadonlyMap<string, PresentTopic>> {
  const all = new Set(await admin.listTopics());
  const there = names.filter((name) => all.has(name));
  if (there.length === 0) return new Map();
  const { topics } = await admin.fetchTopicMetadata({ topics: there });
  const partitions = new Map(topics.map((topic) => [topic.name, topic.partitions.length]));
  const { resources } = await admin.describeConfigs({
    resources: there.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
    includeSynonyms: false,
  });
  return new Map(
    resources.map(({ resourceName, configEntries }) => {
      const own = configEntries.filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG);
      const overrides = new Map(own.map(({ configName, configValue }) => [configName, configValue]));
      return [resourceName, { partitions: partitions.get(resourceName) ?? 0, overrides }];
    }),
  );
}

async function apply(admin: Admin, change: TopicChange): Promise<void> {
  const { topic } = change;
  switch (change.kind) {
    case 'create': {
      const { partitions: numPartitions, replicationFactor, overrides } = change;
      const wanted = { topic, numPartitions, replicationFactor, configEntries: entriesOf(overrides) };
      await tolerating('TOPIC_ALREADY_EXISTS', admin.createTopics({ waitForLeaders: false, topics: [wanted] }));
      await untilLed(admin, topic);
      return;
    }
    case 'grow':
      await tolerating(
        'INVALID_PARTITIONS',
        admin.createPartitions({ topicPartitions: [{ topic, count: change.to }] }),
      );
      return;
    case 'alter': {
      const resource = { type: ConfigResourceTypes.TOPIC, name: topic, configEntries: entriesOf(change.overrides) };
      await admin.alterConfigs({ validateOnly: false, resources: [resource] });
    }
  }
}

/** Answers of a broker that has not heard yet of a topic that the controller has made. */
const notYet: ReadonlySet<string | undefined> = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE']);
const leaderEveryMs = 100;
const leaderWithinMs = 30_000;

/** Waits until a new topic can be used. kafkajs waits too, but gives up when the broker it asks does not know the topic. */
async function untilLed(admin: Admin, topic: string): Promise<void> {
  const endMs = performance.now() + leaderWithinMs;
  for (;;) {
    try {
      await admin.fetchTopicMetadata({ topics: [topic] });
      return;
    } catch (error) {
      if (!notYet.has(brokerAnswer(error)) || performance.now() > endMs) throw error;
    }
    await sleep(leaderEveryMs);
  }
}

function entriesOf(overrides: ReadonlyMap<string, string>): { name: string; value: string }[] {
  return [...overrides].map(([name, value]) => ({ name, value }));
}

async function tolerating(answer: string, request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (brokerAnswer(error) !== answer) throw error;
  }
}
