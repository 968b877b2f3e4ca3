import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import type { KafkaBusOptions } from '../../core/bus/kafka/kafka-connection.ts';
import type { OffsetRange } from '../../core/bus/kafka/range-merge.ts';
import { findRange, readRanges } from '../../core/bus/kafka/read-range.ts';
import type { replayableTopics, Topic } from '../../core/topics.ts';
import { UsageError } from '../process/exit-codes.ts';
import { CountedOutput, requireKafka, requireTargetTopics } from '../bus/kafka-target.ts';
import { type Progress, startProgress } from '../output/progress.ts';
import { loadSettings } from '../settings.ts';

/** Options of `spanloom replay-range`; times in milliseconds since the Unix epoch. */
export interface ReplayRangeOptions {
  readonly from: number;
  readonly to: number;
  readonly targetPrefix: string;
  readonly topic: (typeof replayableTopics)[number];
  readonly dryRun?: boolean;
}

const resources: readonly Topic[] = ['resources', 'agent-resources'];
/** Messages are sent when so many or so much wait. */
const batch = { messages: 1_000, bytes: 4 * 1024 * 1024 };

/**
 * Copies what the bus accepted in a span of time to the topics of another prefix: resources first, all there are now,
 * then the topic, the older message first. Keys, headers and values stay as they are, and so signatures hold.
 */
export async function replayRange(options: ReplayRangeOptions, signal: AbortSignal): Promise<void> {
  const { from: fromMs, to: toMs, targetPrefix: prefix, topic } = options;
  const source = requireKafka(loadSettings().bus);
  if (prefix === source.prefix)
    throw new UsageError(`${prefix} is the prefix of the first run itself: a second run needs one of its own.`);
  if (fromMs >= toMs) throw new UsageError('--from must be before --to.');
  const ranges = await findRange(source, topic, { fromMs, toMs });
  if (options.dryRun === true) {
    process.stdout.write(`${describe(source, ranges)}\n`);
    return;
  }
  const target = { ...source, prefix };
  await requireTargetTopics(target, [topic, ...resources]);
  const bus = openKafkaBus(target);
  const progress = startProgress(`sending ${source.prefix ?? ''}${topic} to ${prefix}${topic}`);
  let copy: Copy | undefined;
  let isComplete = false;
  try {
    copy = new Copy(new CountedOutput(await bus.producer()), progress);
    for (const each of resources) await copy.send(readAll(source, await findRange(source, each), signal));
    await copy.send(readAll(source, ranges, signal));
    isComplete = true;
  } finally {
    progress.end();
    await bus.close();
    if (copy !== undefined) {
      process.stdout.write(`Sent ${copy.output.text} to ${prefix}*.\n`);
      if (!isComplete) printRest(copy.reachedMs(topic) ?? fromMs, copy.output.doubtful);
    }
  }
}

async function* readAll(
  source: KafkaBusOptions,
  ranges: readonly OffsetRange[],
  signal: AbortSignal,
): AsyncGenerator<Dated, void, undefined> {
  for await (const { topic, key, value, headers, timestampMs } of readRanges(source, ranges, signal))
    yield { message: { topic, key, value, headers }, timestampMs };
}

interface Dated {
  readonly message: OutgoingMessage;
  readonly timestampMs: number;
}

/** Sends messages in batches and knows how far it is. */
class Copy {
  readonly output: CountedOutput;
  readonly #progress: Progress;
  readonly #reachedMs = new Map<string, number>();

  constructor(output: CountedOutput, progress: Progress) {
    this.output = output;
    this.#progress = progress;
  }

  async send(messages: AsyncIterable<Dated>): Promise<void> {
    let waiting: OutgoingMessage[] = [];
    let bytes = 0;
    let last: Dated | undefined;
    const flush = async (): Promise<void> => {
      if (last === undefined) return;
      await this.output.send(waiting);
      this.#reachedMs.set(last.message.topic, last.timestampMs);
      this.#progress.update(`${this.output.text}, up to ${isoTime(last.timestampMs)}`);
      waiting = [];
      bytes = 0;
    };
    for await (const dated of messages) {
      last = dated;
      waiting.push(dated.message);
      bytes += dated.message.value.length;
      if (waiting.length >= batch.messages || bytes >= batch.bytes) await flush();
    }
    await flush();
  }

  /** Everything of a topic that the bus had accepted before this time is acknowledged. */
  reachedMs(topic: string): number | undefined {
    return this.#reachedMs.get(topic);
  }
}

function describe({ prefix = '' }: KafkaBusOptions, ranges: readonly OffsetRange[]): string {
  const total = ranges.reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0);
  const lines = ranges.map(({ topic, partition, from, to }) =>
    from < to ? `${prefix}${topic}/${partition}: offsets ${from} to ${to - 1}` : `${prefix}${topic}/${partition}: none`,
  );
  return [...lines, `Would send ${total} messages, and all resources.`].join('\n');
}

function printRest(reachedMs: number, doubtful: number): void {
  const doubt = doubtful === 0 ? '' : ` Of the ${doubtful} messages behind them some may be there too.`;
  process.stderr.write(`That is not all.${doubt} The same command with --from ${isoTime(reachedMs)} goes on.\n`);
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
