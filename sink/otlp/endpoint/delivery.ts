/**
 * Sends the traces of one turn in several requests at the same time. Traces are divided among lanes by their ids, and a lane
 * sends one request after the other, so revisions of a trace arrive in order. A lane stops at a request that must wait; when the
 * stage's runtime delivers the same outputs again, each lane continues where it stopped, so what was acknowledged is not sent again.
 *
 * A request that is refused for its content is halved until one trace is left: only that becomes a dead letter.
 */
import type { OutgoingMessage } from '../../../core/bus/bus.ts';
import { PipelineError } from '../../../core/errors.ts';
import type { StageTelemetry } from '../../../core/telemetry/stage-telemetry.ts';
import { otlpEvents } from '../internal-events.ts';
import type { ExportAnswer, Transport } from './export-answer.ts';
import type { EndpointOutput, EndpointStage, TraceExport } from './stage.ts';

/** What a delivery works with. */
export interface DeliveryOptions {
  readonly transport: Transport;
  readonly stage: Pick<EndpointStage, 'acknowledged' | 'refused'>;
  readonly letters: { readonly send: (messages: readonly OutgoingMessage[]) => Promise<void> };
  readonly telemetry: Pick<StageTelemetry, 'emit'>;
  readonly maxRequestBytes: number;
  readonly maxRequests: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** A trace on its way. */
interface Sending {
  readonly trace: TraceExport;
  /** Messages that are not acknowledged. */
  left: number;
  /** Spans that the receiver left out. */
  rejected: number;
}

/** A message of a trace. */
interface Part {
  readonly sending: Sending;
  readonly value: Buffer;
}

/** Messages that follow one another. */
interface Lane {
  parts: readonly Part[];
  /** Most of them in one request; less after a refusal. */
  most: number;
}

interface Work {
  readonly outputs: readonly EndpointOutput[];
  letters: readonly OutgoingMessage[];
  readonly lanes: readonly Lane[];
}

type Later = Extract<ExportAnswer, { readonly kind: 'later' }>;

export class EndpointDelivery {
  readonly #options: DeliveryOptions;
  #work: Work | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** @throws PipelineError, retryable, when something must wait; then call it again with the same array */
  async deliver(outputs: readonly EndpointOutput[]): Promise<void> {
    if (this.#work?.outputs !== outputs) this.#work = this.#begin(outputs);
    const work = this.#work;
    if (work.letters.length > 0) await this.#options.letters.send(work.letters);
    work.letters = [];
    const ends = await Promise.allSettled(work.lanes.map((lane) => this.#run(lane)));
    const waits: Later[] = [];
    for (const end of ends) {
      if (end.status === 'rejected') throw end.reason;
      if (end.value !== undefined) waits.push(end.value);
    }
    if (waits.length === 0) {
      this.#work = undefined;
      return;
    }
    this.#options.transport.reset();
    const retryAfterMs = Math.max(...waits.map(({ afterMs }) => afterMs ?? 0));
    throw new PipelineError('DESTINATION_UNAVAILABLE', `The OTLP endpoint did not take spans (${waits[0]!.detail})`, {
      retryable: true,
      retryAfterMs,
    });
  }

  #begin(outputs: readonly EndpointOutput[]): Work {
    const { maxRequests } = this.#options;
    const lanes = Array.from({ length: maxRequests }, () => [] as Part[]);
    const letters: OutgoingMessage[] = [];
    for (const output of outputs) {
      if (output.kind === 'dead-letter') {
        letters.push(output.message);
        continue;
      }
      const sending = { trace: output, left: output.values.length, rejected: 0 };
      const lane = lanes[Number.parseInt(output.id.slice(-8), 16) % maxRequests]!;
      for (const value of output.values) lane.push({ sending, value });
    }
    return { outputs, letters, lanes: lanes.map((parts) => ({ parts, most: Infinity })) };
  }

  /** Sends what a lane has; returns the answer that it must wait for. */
  async #run(lane: Lane): Promise<Later | undefined> {
    while (lane.parts.length > 0) {
      const batch = this.#batch(lane);
      const answer = await this.#options.transport.send(Buffer.concat(batch.map(({ value }) => value)));
      if (answer.kind === 'later') return answer;
      if (answer.kind === 'stored') {
        this.#acknowledge(batch, answer);
        lane.parts = lane.parts.slice(batch.length);
        lane.most *= 2;
      } else if (answer.isAboutContent && batch.length > 1) lane.most = Math.ceil(batch.length / 2);
      else await this.#refuse(lane, batch, answer.detail);
    }
    return undefined;
  }

  #batch({ parts, most }: Lane): readonly Part[] {
    let bytes = 0;
    let count = 0;
    for (const { value } of parts) {
      if (count >= most || (count > 0 && bytes + value.length > this.#options.maxRequestBytes)) break;
      bytes += value.length;
      count++;
    }
    return parts.slice(0, count);
  }

  #acknowledge(batch: readonly Part[], answer: Extract<ExportAnswer, { readonly kind: 'stored' }>): void {
    const { stage, telemetry } = this.#options;
    const { rejectedSpans, message } = answer;
    if (rejectedSpans > 0 || message !== '')
      telemetry.emit(otlpEvents.partialSuccess, { rejectedSpans, detail: message });
    let rejected = rejectedSpans;
    for (const { sending } of batch) {
      const share = Math.min(rejected, sending.trace.spans - sending.rejected);
      sending.rejected += share;
      rejected -= share;
      sending.left--;
      if (sending.left === 0) stage.acknowledged(sending.trace, sending.rejected);
    }
  }

  /** Makes dead letters of the traces of a request; the rest of their messages is not sent. */
  async #refuse(lane: Lane, batch: readonly Part[], detail: string): Promise<void> {
    const { stage, letters, telemetry, now } = this.#options;
    const refused = new Set(batch.map(({ sending }) => sending));
    lane.parts = lane.parts.filter(({ sending }) => !refused.has(sending));
    telemetry.emit(otlpEvents.exportRefused, { traces: refused.size, detail });
    const work = this.#work!;
    // Kept until they are stored: a failure here is tried again by the runtime.
    work.letters = [...work.letters, ...[...refused].map(({ trace }) => stage.refused(trace, detail, now()))];
    const sending = work.letters;
    await letters.send(sending);
    work.letters = work.letters.filter((letter) => !sending.includes(letter));
  }
}
