import type { SignaturePolicy } from '../../../core/agents/agent-signature.ts';
import type { Bus } from '../../../core/bus/bus.ts';
import type { Sleep } from '../../../core/stage/retry.ts';
import { runStage } from '../../../core/stage/run-stage.ts';
import { followResources } from '../../../core/stage/topic-follower.ts';
import { stageTelemetry } from '../../../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../../../core/telemetry/telemetry.ts';
import type { Topic } from '../../../core/topics.ts';
import { unreadableWatch } from '../internal-events.ts';
import { PublishedNames } from '../published-names.ts';
import { EndpointDelivery } from './delivery.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import { grpcTransport } from './grpc-transport.ts';
import { httpTransport } from './http-transport.ts';
import { endpointStage, EndpointStage } from './stage.ts';

/** Options of the endpoint. The caller closes the bus. */
export interface RunOtlpEndpointOptions {
  readonly endpoint: EndpointOptions;
  readonly networkSpans: boolean;
  readonly signatures: SignaturePolicy;
  readonly bus: Bus;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  readonly untilEnd?: true | Promise<unknown>;
  /** Clock and chance, for tests. */
  readonly now?: () => number;
  readonly sleep?: Sleep;
  readonly random?: () => number;
}

/**
 * Sends traces to an OTLP receiver until the signal fires. It has a consumer group of its own, so neither the database nor Kafka
 * waits for the receiver.
 *
 * @throws PipelineError when the bus fails in a way that waiting does not heal
 */
export async function runOtlpEndpoint(options: RunOtlpEndpointOptions): Promise<void> {
  const { endpoint, networkSpans, signatures, bus, telemetry, signal, sleep, untilEnd } = options;
  const { maxRequestBytes, maxRequests } = endpoint;
  const now = options.now ?? Date.now;
  const names = new PublishedNames(signatures);
  const stage = new EndpointStage({ maxMessageBytes: maxRequestBytes, networkSpans }, names);
  const ofStage = stageTelemetry(telemetry, endpointStage, () => stage.accounting());
  const watchUnreadable = unreadableWatch(stage, ofStage);
  const transport = endpoint.protocol === 'grpc' ? grpcTransport(endpoint) : httpTransport(endpoint, now);
  const letters = await bus.producer();
  const follower = await followResources({
    bus,
    reader: 'sink-otlp-names',
    learn: (message) => names.learn(message),
    stage: endpointStage,
    telemetry,
  });
  const consumer = await bus.consumer({ group: endpointStage, topics: ['traces' satisfies Topic] });
  const delivery = new EndpointDelivery({
    transport,
    stage,
    letters,
    telemetry: ofStage,
    maxRequestBytes,
    maxRequests,
    now,
  });
  try {
    await runStage({
      name: endpointStage,
      stage,
      consumer: follower.before(consumer, signal),
      deliver(outputs) {
        watchUnreadable();
        return delivery.deliver(outputs);
      },
      letters,
      telemetry: ofStage,
      signal,
      now,
      random: options.random ?? Math.random,
      ...(sleep === undefined ? {} : { sleep }),
      ...(untilEnd === undefined ? {} : { untilEnd }),
    });
  } finally {
    transport.close();
    await consumer.close();
    await follower.close();
    await letters.close();
  }
}
