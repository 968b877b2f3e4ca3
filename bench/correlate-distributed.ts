/**
 * What several correlators cost instead of one: spans a second of one core, the share of each step, and the time that
 * Redis takes, against the correlator that keeps all in memory, on the same synthetic traces of 18 spans. CPU time, so
 * that neighbours do not count; medians of five rounds in one run. Needs redis-server.
 *
 *   npx tsx bench/correlate-distributed.ts [traces]
 */
import type { OutgoingMessage, Producer, ReceivedMessage } from '../core/bus/bus.ts';
import { AssembleStage } from '../correlator/distributed/assemble-stage.ts';
import { CauseStage } from '../correlator/distributed/cause-stage.ts';
import { LinkAndSend } from '../correlator/distributed/link-and-send.ts';
import { openRedis } from '../correlator/distributed/open-redis.ts';
import { redisLinkOptions, RedisLinks } from '../correlator/distributed/redis-links.ts';
import { Correlator } from '../correlator/stage.ts';
import { startRedis } from '../core/testing/redis-server.ts';
import { eighteenSpans, simulate } from '../correlator/testing/simulated-services.ts';
import { batchMessage, testConfig } from '../correlator/testing/span-messages.ts';

const requests = Number(process.argv[2] ?? 4000);
const spansPerMessage = 500;
/** As many come with one poll when the correlator has much to do. */
const messagesPerTurn = 8;
const everyUs = 2000;
const rounds = 5;

const { spans } = simulate(eighteenSpans, { seed: 1, requests, everyUs, isLearned: true, withRequestIds: true });
const durationMs = (requests * everyUs) / 1000;
const messages = Array.from({ length: Math.ceil(spans.length / spansPerMessage) }, (_, index) => {
  const from = index * spansPerMessage;
  const message = batchMessage(index, (from / spans.length) * durationMs, spans.slice(from, from + spansPerMessage));
  // Younger than Redis: nobody can have linked these spans in a store that is gone.
  return { ...message, timestampMs: Date.now() + 3_600_000 };
});

const median = (values: readonly number[]): number =>
  values.toSorted((left, right) => left - right)[values.length >> 1]!;
const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Redis commands answered, and the seconds of CPU time that Redis took for all. */
async function redisCpu(redis: ReturnType<typeof openRedis>): Promise<number> {
  const text = await redis.info('cpu');
  const value = (name: string): number => Number(new RegExp(`${name}:([0-9.]+)`).exec(text)?.[1] ?? 0);
  return value('used_cpu_user') + value('used_cpu_sys');
}

async function distributed(
  url: string,
  round: number,
): Promise<{ cause: number; link: number; assemble: number; redis: number; wall: number; traces: number }> {
  const config = { ...testConfig, redisUrl: url, redisPrefix: `bench${round}:` };
  const redis = openRedis(config, () => undefined);
  await new Promise((resolve) => redis.once('ready', resolve));
  const causes = new CauseStage(config);
  const links = new RedisLinks(redis, redisLinkOptions(config), () => causes.oldestPendingMs());
  const sent: { readonly message: OutgoingMessage; readonly atMs: number }[] = [];
  let nowMs = 0;
  const producer: Producer = {
    send: (some) => {
      for (const message of some) sent.push({ message, atMs: nowMs });
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  const linker = new LinkAndSend(links, producer, causes);
  const redisBefore = await redisCpu(redis);
  const startMs = performance.now();
  const total = { cause: 0, link: 0 };
  for (let from = 0; from <= messages.length; from += messagesPerTurn) {
    nowMs = (from / messages.length) * durationMs;
    const start = cpuSeconds();
    const turn = messages.slice(from, from + messagesPerTurn);
    const outputs = turn.length === 0 ? causes.drain() : turn.flatMap((message) => causes.process(message, 0));
    const decided = cpuSeconds();
    await linker.deliver(outputs);
    total.cause += decided - start;
    total.link += cpuSeconds() - decided;
  }
  const wall = (performance.now() - startMs) / 1000;
  const redisSeconds = (await redisCpu(redis)) - redisBefore;
  redis.disconnect();
  const start = cpuSeconds();
  const assembler = new AssembleStage(config);
  let traces = 0;
  const count = (outputs: readonly OutgoingMessage[]): void => {
    for (const { topic } of outputs) if (topic === 'traces') traces++;
  };
  for (const [offset, { message, atMs }] of sent.entries()) {
    const received: ReceivedMessage = {
      ...message,
      headers: message.headers!,
      value: Buffer.from(message.value.buffer, message.value.byteOffset, message.value.length),
      partition: 0,
      offset,
      timestampMs: atMs,
    };
    count(assembler.process(received, 0));
  }
  count(assembler.drain());
  return { ...total, assemble: cpuSeconds() - start, redis: redisSeconds, wall, traces };
}

function inMemory(): number {
  const start = cpuSeconds();
  const correlator = new Correlator(testConfig);
  for (const message of messages) correlator.process(message, 0);
  correlator.drain();
  return cpuSeconds() - start;
}

const server = await startRedis();
try {
  inMemory();
  await distributed(server.url, 0);
  const memory: number[] = [];
  const runs: Awaited<ReturnType<typeof distributed>>[] = [];
  for (let round = 1; round <= rounds; round++) {
    memory.push(inMemory());
    await server.flush();
    runs.push(await distributed(server.url, round));
  }
  const of = (name: keyof (typeof runs)[0]): number => median(runs.map((run) => run[name]));
  const own = of('cause') + of('link') + of('assemble');
  const rate = (seconds: number): string => `${Math.round(spans.length / seconds).toLocaleString('en')} spans/s`;
  const share = (seconds: number): string => `${((100 * seconds) / own).toFixed(0)} %`;
  console.log(`${spans.length} spans in ${messages.length} messages, into ${runs[0]!.traces} traces`);
  console.log(`in memory           ${rate(median(memory))} per core`);
  console.log(`distributed         ${rate(own)} per core, without what Kafka's client takes`);
  console.log(`  causes            ${share(of('cause'))}`);
  console.log(`  linking           ${share(of('link'))}, ${rate(of('wall'))} by the clock with one batch at a time`);
  console.log(`  assembling        ${share(of('assemble'))}`);
  console.log(`Redis               ${rate(of('redis'))} per core`);
  console.log(`ratio               ${(own / median(memory)).toFixed(2)} times the cost of one in memory`);
} finally {
  await server.dispose();
}
