import type { SignaturePolicy } from '../core/agents/agent-signature.ts';
import type { Bus } from '../core/bus/bus.ts';
import { runStage } from '../core/stage/run-stage.ts';
import { followResources } from '../core/stage/topic-follower.ts';
import { stageTelemetry } from '../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { Topic } from '../core/topics.ts';
import { countAgents } from './agent-metrics.ts';
import type { EnricherConfig } from './config.ts';
import { countDissectorFailures } from './dissector-failures.ts';
import { dissectors } from '../protocols/dissectors.ts';
import { guardDissector } from '../protocols/dissection/guarded-dissector.ts';
import { createEnricher } from './stage.ts';
import { countTagging } from './tag/tag-metrics.ts';

/** Options of the enricher. The caller closes the bus. */
export interface RunEnricherOptions {
  readonly config: EnricherConfig;
  readonly signatures: SignaturePolicy;
  readonly bus: Bus;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  /** For replay: the input is complete, or will be when the promise resolves; then the enricher ends by itself. */
  readonly untilEnd?: true | Promise<unknown>;
}

/**
 * Runs the enricher (stage.ts) on the bus until the signal fires.
 *
 * Input: the topic `events`, and whole `resources` and `agent-resources`, which are read to their ends before each poll's
 * events are processed. Output: `spans` and `dead-letter`.
 *
 * @throws PipelineError when the bus fails in a way that waiting does not heal
 */
export async function runEnricher(options: RunEnricherOptions): Promise<void> {
  const { config, signatures, bus, telemetry, signal } = options;
  const failed = countDissectorFailures(telemetry);
  const guarded = dissectors.map((dissector) => guardDissector(dissector, failed));
  const stage = createEnricher(config, { dissectors: guarded, signatures });
  countTagging(telemetry, () => stage.diagnostics());
  countAgents(telemetry, () => stage.agentCounts());
  const producer = await bus.producer();
  // All resources that exist when a message is polled are known before the message is processed.
  const follower = await followResources({
    bus,
    reader: 'enricher-resources',
    learn: (message) => stage.learn(message),
    stage: 'enricher',
    telemetry,
  });
  const consumer = await bus.consumer({ group: 'enricher', topics: ['events' satisfies Topic] });
  try {
    await runStage({
      name: 'enricher',
      stage,
      consumer: follower.before(consumer, signal),
      deliver: (outputs) => producer.send(outputs),
      letters: producer,
      telemetry: stageTelemetry(telemetry, 'enricher', () => stage.accounting()),
      signal,
      ...(options.untilEnd === undefined ? {} : { untilEnd: options.untilEnd }),
    });
  } finally {
    await consumer.close();
    await follower.close();
    await producer.close();
  }
}
