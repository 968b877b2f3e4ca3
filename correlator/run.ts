import type { Bus } from '../core/bus/bus.ts';
import { runStage } from '../core/stage/run-stage.ts';
import { stageTelemetry } from '../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { Topic } from '../core/topics.ts';
import type { CorrelatorConfig } from './config.ts';
import { countDecisions } from './decision-metrics.ts';
import { runDistributed } from './distributed/run-distributed.ts';
import { Correlator } from './stage.ts';

/** Options of the correlator. The caller closes the bus. */
export interface RunCorrelatorOptions {
  readonly config: CorrelatorConfig;
  readonly bus: Bus;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  /** For replay: the input is complete, or will be when the promise resolves; then the correlator ends by itself. */
  readonly untilEnd?: true | Promise<unknown>;
}

/**
 * Runs the correlator on the bus until the signal fires: one instance with all state in memory (stage.ts), or with Redis one
 * of several (distributed/).
 *
 * Input: `spans`, with Redis also `linked`. Output: `traces` and `dead-letter`, with Redis also `linked`.
 *
 * @throws PipelineError when the bus fails in a way that waiting does not heal
 */
export async function runCorrelator(options: RunCorrelatorOptions): Promise<void> {
  const { config, bus, telemetry, signal } = options;
  if (config.redisUrl !== undefined && options.untilEnd === undefined) {
    await runDistributed({ config, bus, telemetry, signal });
    return;
  }
  const stage = new Correlator(config);
  countDecisions(telemetry, () => stage.diagnostics());
  const producer = await bus.producer();
  const consumer = await bus.consumer({ group: 'correlator', topics: ['spans' satisfies Topic] });
  try {
    await runStage({
      name: 'correlator',
      stage,
      consumer,
      deliver: (outputs) => producer.send(outputs),
      letters: producer,
      telemetry: stageTelemetry(telemetry, 'correlator', () => stage.accounting()),
      signal,
      ...(options.untilEnd === undefined ? {} : { untilEnd: options.untilEnd }),
    });
  } finally {
    await consumer.close();
    await producer.close();
  }
}
