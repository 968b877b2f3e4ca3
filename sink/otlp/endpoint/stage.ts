/**
 * Traces for an OTLP receiver, as a pure state machine. Its records are spans.
 *
 * Input: messages of `traces`. Output: traces in OTLP, and dead letters. State: spans that the receiver has not acknowledged,
 * all of one turn. The offset of a trace is committed after the receiver has acknowledged it.
 */
import type { OutgoingMessage, ReceivedMessage } from '../../../core/bus/bus.ts';
import { deadLetter } from '../../../core/dead-letter.ts';
import { Counters } from '../../../core/stage/accounting.ts';
import type { Accounting, Stage } from '../../../core/stage/stage.ts';
import type { ResourceNames } from '../../../opentelemetry/resource-names.ts';
import { type OtlpDrop, type OtlpRejection, type TraceForm, TraceReader } from '../trace-reader.ts';

/** Name of the stage, of its consumer group and in its metrics. */
export const endpointStage = 'sink-otlp-endpoint';

/** refused: the receiver refused the trace, which is a dead letter; partial_success: it acknowledged, but left out spans. */
export type EndpointRejection = OtlpRejection | 'refused' | 'partial_success';

/** A trace to send. */
export interface TraceExport {
  readonly kind: 'trace';
  /** What a dead letter has. */
  readonly message: ReceivedMessage;
  /** The trace id that receivers see. */
  readonly id: string;
  readonly values: readonly Buffer[];
  readonly spans: number;
}
export type EndpointOutput = TraceExport | { readonly kind: 'dead-letter'; readonly message: OutgoingMessage };

/** Turns messages of the topic `traces` into requests. */
export class EndpointStage implements Stage<EndpointOutput> {
  readonly #reader: TraceReader;
  readonly #counters = new Counters<OtlpDrop, EndpointRejection>(
    ['seen_in_process'],
    ['undecodable', 'unknown_schema', 'refused', 'partial_success'],
  );

  constructor(form: TraceForm, names: ResourceNames) {
    this.#reader = new TraceReader(form, names);
  }

  process(message: ReceivedMessage, nowMs: number): readonly EndpointOutput[] {
    const read = this.#reader.read(message);
    if (read.kind === 'rejected') {
      const { reason, detail } = read;
      this.#counters.receive();
      this.#counters.reject(reason);
      return [{ kind: 'dead-letter', message: deadLetter(message, { stage: endpointStage, reason, detail }, nowMs) }];
    }
    this.#counters.receive(read.sent + read.leftOut);
    this.#counters.drop('seen_in_process', read.leftOut);
    if (read.sent === 0) return [];
    return [{ kind: 'trace', message, id: read.id, values: read.messages, spans: read.sent }];
  }

  /** The receiver has a trace, but for some spans that it left out. */
  acknowledged({ spans }: TraceExport, leftOut: number): void {
    this.#counters.emit(spans - leftOut);
    this.#counters.reject('partial_success', leftOut);
  }

  /** The receiver refuses a trace for good: its dead letter. */
  refused({ message, spans }: TraceExport, detail: string, nowMs: number): OutgoingMessage {
    this.#counters.reject('refused', spans);
    return deadLetter(message, { stage: endpointStage, reason: 'refused', detail }, nowMs);
  }

  flush(): readonly EndpointOutput[] {
    return [];
  }

  drain(): readonly EndpointOutput[] {
    return [];
  }

  lowWatermark(): undefined {
    return undefined;
  }

  revoke(): void {
    // What was read of a partition is sent before the next poll, which says that it is gone.
  }

  get unreadable(): number {
    return this.#reader.unreadable;
  }

  accounting(): Accounting {
    return this.#counters;
  }
}
