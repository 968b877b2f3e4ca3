import { flowOptions } from '../../collector/replay/capture-file.ts';
import { standardInput } from '../../collector/replay/input-bytes.ts';
import { runReplay, type ReplayProgress } from '../../collector/replay/run-replay.ts';
import { signingOutput } from '../../collector/signing-output.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { hasCode } from '../../core/errors.ts';
import { openSchemaRegistry } from '../../core/registry/config.ts';
import { framedBus } from '../../core/registry/framed-bus.ts';
import type { Topic } from '../../core/topics.ts';
import { CountedOutput, requireKafka, requireTargetTopics } from '../bus/kafka-target.ts';
import { startProgress } from '../output/progress.ts';
import { ReadProgress } from '../output/read-progress.ts';
import { openReplayKey } from '../bus/replay-key.ts';
import { loadSettings } from '../settings.ts';

/** Options of `spanloom replay --into-kafka`. */
export interface ReplayIntoKafkaOptions {
  readonly speed: number | 'max';
  readonly targetPrefix?: string;
  /** Batches of the recording that are not sent. */
  readonly skip?: number;
  /** Standard input goes on until a signal: then what came is sent, and that is all. */
  readonly follow?: boolean;
}

const targetTopics: readonly Topic[] = ['events', 'agent-resources'];

/**
 * Sends a recording's events and resources to Kafka, each acknowledged, in order for each agent. They are signed with a key of
 * the operator, since only an agent has its own key.
 */
export async function replayIntoKafka(
  path: string,
  options: ReplayIntoKafkaOptions,
  signal: AbortSignal,
): Promise<void> {
  const settings = loadSettings();
  const kafka = requireKafka(settings.bus);
  const prefix = options.targetPrefix ?? settings.bus.kafkaPrefix;
  const target = { ...kafka, prefix };
  await requireTargetTopics(target, targetTopics);
  const key = openReplayKey(settings.shared.dataDir);
  const registry = openSchemaRegistry(settings.schemaRegistry);
  const bus = framedBus(openKafkaBus(target), { registry, topicPrefix: prefix });
  const progress = startProgress(`sending ${path === standardInput ? 'standard input' : path} to ${prefix}events`);
  const read = new ReadProgress();
  const skipBatches = options.skip ?? 0;
  // The first signal ends the input, and what came is sent; a second one ends the process.
  const following = options.follow === true ? { stop: signal, signal: new AbortController().signal } : { signal };
  let reached: ReplayProgress | undefined;
  let output: CountedOutput | undefined;
  let isComplete = false;
  try {
    output = new CountedOutput(await bus.producer());
    await runReplay({
      path,
      flows: flowOptions(settings.capture),
      output: signingOutput(output, key),
      speed: options.speed,
      ...following,
      skipBatches,
      onProgress: (now) => {
        reached = now;
        progress.update(`${read.text(now.positionBytes, now.sizeBytes)}, ${now.batches} batches acknowledged`);
      },
    });
    following.signal.throwIfAborted();
    isComplete = true;
  } catch (error) {
    isComplete = hasCode(error, 'FILE_CORRUPT');
    throw error;
  } finally {
    progress.end();
    await bus.close();
    if (output !== undefined) {
      process.stdout.write(`Sent ${output.text} to ${prefix}*.\n`);
      process.stdout.write(`Stages take them where SPANLOOM_AGENTS_TRUSTED_KEYS has ${key.publicText}\n`);
      if (!isComplete) printRest(path, reached?.batches ?? skipBatches, output.doubtful);
    }
  }
}

/** What is acknowledged is acknowledged with everything before it, so the rest begins behind it. */
function printRest(path: string, batches: number, doubtful: number): void {
  const doubt = doubtful === 0 ? '' : ` Of the ${doubtful} messages behind them some may be there too.`;
  const goingOn =
    path === standardInput
      ? `Given the same input again, the same command with --skip ${batches} goes on.`
      : `The same command with --skip ${batches} goes on.`;
  process.stderr.write(
    `That is not all of the ${path === standardInput ? 'input' : 'recording'}.${doubt} ${goingOn}\n`,
  );
}
