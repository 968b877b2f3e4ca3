import type { Bus, OutgoingMessage } from '../../core/bus/bus.ts';
import { runTogether } from '../../core/run-together.ts';
import { runStage } from '../../core/stage/run-stage.ts';
import { stageTelemetry } from '../../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { Topic } from '../../core/topics.ts';
import type { CorrelatorConfig } from '../config.ts';
import { countDecisions } from '../decision-metrics.ts';
import { AssembleStage } from './assemble-stage.ts';
import { CauseStage } from './cause-stage.ts';
import { LinkAndSend } from './link-and-send.ts';
import { openRedis } from './open-redis.ts';
import { redisLinkOptions, RedisLinks } from './redis-links.ts';

/** Options of one of several correlators. The caller closes the bus. */
export interface RunDistributedOptions {
  readonly config: CorrelatorConfig;
  readonly bus: Bus;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
}

/** Messages of `linked` first, then traces: the order that the assembler needs. */
function inOrder(messages: readonly OutgoingMessage[]): readonly (readonly OutgoingMessage[])[] {
  const isInternal = ({ topic }: OutgoingMessage): boolean => topic === ('linked' satisfies Topic);
  return [messages.filter(isInternal), messages.filter((message) => !isInternal(message))];
}

/**
 * Runs one of several correlators that share a Redis, until the signal fires. It has two halves, each a stage of its own: the
 * cause stage reads `spans` and writes `linked`, the assembler reads `linked` and writes `traces`.
 *
 * @throws PipelineError when the bus fails in a way that waiting does not heal
 */
export async function runDistributed(options: RunDistributedOptions): Promise<void> {
  const { config, bus, telemetry, signal } = options;
  const causes = new CauseStage(config);
  const assembler = new AssembleStage(config);
  const redis = openRedis(config, (error) => {
    telemetry.logger.debug({ error }, 'redis connection');
  });
  telemetry.health.check('redis', () => redis.ping());
  const links = new RedisLinks(redis, redisLinkOptions(config), () => causes.oldestPendingMs());
  const producer = await bus.producer();
  const linker = new LinkAndSend(links, producer, causes);
  countDecisions(telemetry, () => ({
    ...causes.diagnostics(),
    ...assembler.diagnostics(),
    link_popular_key: links.refusals.popular_key,
    link_old_key: links.refusals.old_key,
    links_lost: linker.losses,
  }));
  const spans = await bus.consumer({ group: 'correlator', topics: ['spans' satisfies Topic] });
  const linked = await bus.consumer({ group: 'correlator-assemble', topics: ['linked' satisfies Topic] });
  try {
    await runTogether(signal, [
      (stop) =>
        runStage({
          name: 'correlator',
          stage: causes,
          consumer: spans,
          deliver: (outputs) => linker.deliver(outputs),
          letters: producer,
          telemetry: stageTelemetry(telemetry, 'correlator', () => causes.accounting()),
          signal: stop,
        }),
      (stop) =>
        runStage({
          name: 'correlator-assemble',
          stage: assembler,
          consumer: linked,
          deliver: async (outputs) => {
            for (const messages of inOrder(outputs)) if (messages.length > 0) await producer.send(messages);
          },
          letters: producer,
          telemetry: stageTelemetry(telemetry, 'correlator-assemble', () => assembler.accounting()),
          signal: stop,
        }),
    ]);
  } finally {
    await spans.close();
    await linked.close();
    await producer.close();
    redis.disconnect();
  }
}
