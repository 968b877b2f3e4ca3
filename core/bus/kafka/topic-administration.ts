import { type Admin, ConfigResourceTypes, ConfigSource } from 'kafkajs';
import type { TopicSettings } from '../bus.ts';
import type { KafkaConnection } from './kafka-connection.ts';
import { brokerAnswer, kafkaError } from './kafka-error.ts';
import { planTopics, type PresentTopic, type TopicChange } from './topic-plan.ts';

/** What would have to change on Kafka, under the names that topics have there. */
export async function planChanges(
  connection: KafkaConnection,
  settings: readonly TopicSettings[],
): Promise<readonly TopicChange[]> {
  try {
    return await connection.withAdmin((admin) => plan(admin, connection, settings));
  } catch (error) {
    throw kafkaError('reading topics', error);
  }
}

/** Makes topics as they should be. @returns what was changed */
export async function applyTopics(
  connection: KafkaConnection,
  settings: readonly TopicSettings[],
): Promise<readonly TopicChange[]> {
  try {
    return await connection.withAdmin(async (admin) => {
      const changes = await plan(admin, connection, settings);
      await create(
        admin,
        changes.filter((change) => change.kind === 'create'),
      );
      for (const change of changes) if (change.kind !== 'create') await alter(admin, change);
      return changes;
    });
  } catch (error) {
    throw kafkaError('changing topics', error);
  }
}

async function plan(
  admin: Admin,
  connection: KafkaConnection,
  settings: readonly TopicSettings[],
): Promise<readonly TopicChange[]> {
  const wanted = settings.map((topic) => ({ ...topic, name: connection.topicName(topic.name) }));
  const present = await presentTopics(
    admin,
    wanted.map(({ name }) => name),
  );
  return planTopics(wanted, present, connection.options);
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

const entriesOf = (overrides: ReadonlyMap<string, string>): { name: string; value: string }[] =>
  [...overrides].map(([name, value]) => ({ name, value }));

async function create(admin: Admin, changes: readonly (TopicChange & { readonly kind: 'create' })[]): Promise<void> {
  if (changes.length === 0) return;
  await admin.createTopics({
    waitForLeaders: true,
    topics: changes.map(({ topic, partitions, replicationFactor, overrides }) => ({
      topic,
      numPartitions: partitions,
      replicationFactor,
      configEntries: entriesOf(overrides),
    })),
  });
}

async function alter(admin: Admin, change: Exclude<TopicChange, { readonly kind: 'create' }>): Promise<void> {
  if (change.kind === 'grow') {
    try {
      await admin.createPartitions({ topicPartitions: [{ topic: change.topic, count: change.to }] });
    } catch (error) {
      // Someone else grew it at the same time.
      if (brokerAnswer(error) !== 'INVALID_PARTITIONS') throw error;
    }
    return;
  }
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: change.topic, configEntries: entriesOf(change.overrides) }],
  });
}
