import type { SignaturePolicy } from '../../core/agents/agent-signature.ts';
import type { Bus, OutgoingMessage, Producer } from '../../core/bus/bus.ts';
import { runStage } from '../../core/stage/run-stage.ts';
import { followResources } from '../../core/stage/topic-follower.ts';
import { stageTelemetry } from '../../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { Topic } from '../../core/topics.ts';
import type { OtlpSinkConfig } from './config.ts';
import { unreadableWatch } from './internal-events.ts';
import { PublishedNames } from './published-names.ts';
import { OtlpStage } from './stage.ts';

/** Options of the OTLP destination. The caller closes the buses. */
export interface RunOtlpSinkOptions {
  readonly config: Pick<OtlpSinkConfig, 'topic' | 'maxMessageBytes' | 'networkSpans'>;
  readonly signatures: SignaturePolicy;
  readonly bus: Bus;
  /** Bus that has the topic of `config` under that name: on Kafka one without a prefix, else the same. The topic must exist. */
  readonly destination: Bus;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  /** For replay: the input is complete, or will be when the promise resolves; then it ends by itself. */
  readonly untilEnd?: true | Promise<unknown>;
}

/** Sends spans to one producer and other messages to another. */
function deliverTo(topic: string, spans: Producer, others: Producer) {
  return async (outputs: readonly OutgoingMessage[]): Promise<void> => {
    await spans.send(outputs.filter((output) => output.topic === topic));
    const letters = outputs.filter((output) => output.topic !== topic);
    if (letters.length > 0) await others.send(letters);
  };
}

/**
 * Writes traces as OTLP until the signal fires. It has a consumer group of its own, so it may be behind the database or
 * ahead of it.
 *
 * @throws PipelineError when the bus fails in a way that waiting does not heal
 */
export async function runOtlpSink(options: RunOtlpSinkOptions): Promise<void> {
  const { config, signatures, bus, destination, telemetry, signal } = options;
  const names = new PublishedNames(signatures);
  const stage = new OtlpStage(config, names);
  const [spans, letters] = [await destination.producer(), await bus.producer()];
  const follower = await followResources({
    bus,
    reader: 'sink-otlp-names',
    learn: (message) => names.learn(message),
    stage: 'sink-otlp',
    telemetry,
  });
  const consumer = await bus.consumer({ group: 'sink-otlp', topics: ['traces' satisfies Topic] });
  const ofStage = stageTelemetry(telemetry, 'sink-otlp', () => stage.accounting());
  const deliver = deliverTo(config.topic, spans, letters);
  const watchUnreadable = unreadableWatch(stage, ofStage);
  try {
    await runStage({
      name: 'sink-otlp',
      stage,
      consumer: follower.before(consumer, signal),
      deliver(outputs) {
        watchUnreadable();
        return deliver(outputs);
      },
      letters,
      telemetry: ofStage,
      signal,
      ...(options.untilEnd === undefined ? {} : { untilEnd: options.untilEnd }),
    });
  } finally {
    await consumer.close();
    await follower.close();
    await spans.close();
    await letters.close();
  }
}
