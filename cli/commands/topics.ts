import { kafkaBusOptions } from '../../core/bus/kafka/config.ts';
import type { KafkaBusOptions } from '../../core/bus/kafka/kafka-connection.ts';
import { applyTopics, planTopicChanges } from '../../core/bus/kafka/topic-administration.ts';
import { describeChange, type TopicChange } from '../../core/bus/kafka/topic-plan.ts';
import { topicSettings, unprefixedTopicSettings } from '../bus/bus.ts';
import { exitCodes, UsageError } from '../process/exit-codes.ts';
import { loadSettings, type Settings } from '../settings.ts';

/** Shows how topics on Kafka differ from the settings. */
export async function diffTopics(): Promise<void> {
  const { kafka, settings } = configuredKafka();
  const changes = await planAll(kafka, settings);
  show(changes, 'Nothing to change.', 'to make with spanloom topics apply');
  if (changes.length > 0) process.exitCode = exitCodes.failure;
}

/** Makes topics on Kafka what the settings say, after showing what that changes. */
export async function applyTopicSettings(isDryRun: boolean): Promise<void> {
  const { kafka, settings } = configuredKafka();
  const changes = await planAll(kafka, settings);
  show(changes, 'Nothing to change.', isDryRun ? 'not made: this was a dry run' : 'to make');
  if (isDryRun || changes.length === 0) return;
  await applyTopics(kafka, changes);
  process.stdout.write('Done.\n');
}

/** Changes of all topics: the pipeline's, and those for other systems, which have no prefix. */
async function planAll(kafka: KafkaBusOptions, settings: Settings): Promise<readonly TopicChange[]> {
  const own = await planTopicChanges(kafka, topicSettings(settings.bus));
  return [...own, ...(await planTopicChanges({ ...kafka, prefix: '' }, unprefixedTopicSettings(settings)))];
}

function configuredKafka(): { readonly kafka: KafkaBusOptions; readonly settings: Settings } {
  const settings = loadSettings();
  const kafka = kafkaBusOptions(settings.bus);
  if (kafka === undefined)
    throw new UsageError('SPANLOOM_BUS_KAFKA_BROKERS is not set: the topics of the embedded log make themselves.');
  return { kafka, settings };
}

function show(changes: readonly TopicChange[], nothing: string, what: string): void {
  for (const change of changes) process.stdout.write(`${describeChange(change)}\n`);
  const count = `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}`;
  process.stdout.write(changes.length === 0 ? `${nothing}\n` : `${count} ${what}.\n`);
}
