import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin, Kafka, logLevel } from 'kafkajs';
import { readPositionMetadata } from '../../core/bus/kafka/group/position-metadata.ts';

/** Consumer groups of the pipeline and what they read. */
const readers = [
  ['enricher', 'events'],
  ['correlator', 'spans'],
  ['correlator-assemble', 'linked'],
  ['sink', 'traces'],
  ['sink', 'resources'],
  ['sink', 'agent-resources'],
] as const;

/** How far a pipeline is. */
interface State {
  /** Messages whose results are not acknowledged, by group and topic. */
  readonly lag: Readonly<Record<string, number>>;
  /** Ends of everything that is written by stages. */
  readonly ends: string;
}

/** Waits until every group has acknowledged everything and nothing more comes for a while; says what is missing if not. */
export async function untilSettled(options: {
  readonly brokers: readonly string[];
  readonly prefix: string;
  readonly quietMs: number;
  readonly withinMs: number;
}): Promise<void> {
  const { brokers, prefix, quietMs, withinMs } = options;
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const deadlineMs = performance.now() + withinMs;
    let ends = '';
    let sinceMs = performance.now();
    for (;;) {
      const { state, failure } = await attempt(admin, prefix);
      const nowMs = performance.now();
      const behind = Object.entries(state?.lag ?? {}).filter(([, messages]) => messages > 0);
      if (state === undefined || behind.length > 0 || state.ends !== ends) sinceMs = nowMs;
      ends = state?.ends ?? '';
      if (nowMs - sinceMs >= quietMs) return;
      if (nowMs > deadlineMs)
        throw new Error(`it did not settle within ${withinMs / 1_000} s; not done: ${JSON.stringify(behind)}`, {
          cause: failure,
        });
      await sleep(500);
    }
  } finally {
    await admin.disconnect();
  }
}

/** A broker that cannot answer now, as while it loads the offsets of a group, is asked again: not settled yet. */
async function attempt(admin: Admin, prefix: string): Promise<{ readonly state?: State; readonly failure?: unknown }> {
  try {
    return { state: await stateOf(admin, prefix) };
  } catch (failure) {
    if (failure instanceof kafkajs.KafkaJSError) return { failure };
    throw failure;
  }
}

async function stateOf(admin: Admin, prefix: string): Promise<State> {
  const lag: Record<string, number> = {};
  const ends: string[] = [];
  for (const [group, topic] of readers) {
    const name = `${prefix}${topic}`;
    const highs = new Map(
      (await admin.fetchTopicOffsets(name)).map(({ partition, high }) => [partition, Number(high)] as const),
    );
    const [stored] = await admin.fetchOffsets({ groupId: `${prefix}${group}`, topics: [name] });
    const done = new Map(
      stored!.partitions.map(({ partition, offset, metadata }) => [
        partition,
        readPositionMetadata(metadata, Number(offset)).emittedBelow,
      ]),
    );
    let missing = 0;
    for (const [partition, high] of highs) missing += Math.max(0, high - Math.max(0, done.get(partition) ?? 0));
    lag[`${group} of ${topic}`] = missing;
    ends.push(`${topic} ${[...highs].join(' ')}`);
  }
  return { lag, ends: ends.join() };
}
