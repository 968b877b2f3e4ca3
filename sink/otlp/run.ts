import type { SignaturePolicy } from '../../core/agents/agent-signature.ts';
import type { Bus, OutgoingMessage, Producer } from '../../core/bus/bus.ts';
import { runStage } from '../../core/stage/run-stage.ts';
import { followResources } from '../../core/stage/topic-follower.ts';
import { type StageTelemetry, stageTelemetry } from '../../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { Topic } from '../../core/topics.ts';
import type { OtlpSinkConfig } from './config.ts';
import { otlpEvents } from './internal-events.ts';
import { PublishedNames } from './published-names.ts';
import { OtlpStage } from './stage.ts';

/** Options of the OTLP destination. The caller closes the buses. */
export interface RunOtlpSinkOptions {
  readonly config: OtlpSinkConfig;
  readonly signatures: SignaturePolicy;
  readonly bus: Bus;
  /** Bus that has the topic of `config` under that name: on Kafka one without a prefix, else the same. The topic must exist. */
  readonly destination: Bus;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  /** For replay: the input is complete, or will be when the promise resolves; then it ends by itself. */
  readonly untilEnd?: true | Promise<unknown>;
}

/** Emits an event when reported spans could not be read since its last call. */
function unreadableWatch(stage: { readonly unreadable: number }, telemetry: Pick<StageTelemetry, 'emit'>) {
  let known = 0;
  return (): void => {
    const spans = stage.unreadable - known;
    if (spans === 0) return;
    known += spans;
    telemetry.emit(otlpEvents.reportedUnreadable, { spans });
  };
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
  const stage = new OtlpStage({ topic: config.topic, maxMessageBytes: config.maxMessageBytes }, names);
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
