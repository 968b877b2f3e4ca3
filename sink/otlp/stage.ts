/**
 * Traces as OTLP, as a pure state machine. Its records are spans.
 *
 * Input: messages of `traces`; of `resources` and `agent-resources` the names (published-names.ts). Output: messages that an
 * OpenTelemetry Collector reads, and dead letters. State: these names, and nothing of traces. Bounds: the names of 500,000
 * hosts and processes; of other resources as many as are published.
 *
 * Each revision is sent whole; receivers that store by span id overwrite. OTLP has no counterpart to a merged trace: nothing
 * is sent for it, and its spans follow under the other trace's id. The trace id is the carried W3C id, so that spans of
 * applications and of spanloom meet; the attribute spanloom.trace_id is the stored id.
 */
import type { OutgoingMessage, ReceivedMessage } from '../../core/bus/bus.ts';
import { refuse } from '../../core/dead-letter.ts';
import { Counters } from '../../core/stage/accounting.ts';
import type { Accounting, Stage } from '../../core/stage/stage.ts';
import type { ResourceNames } from '../../opentelemetry/resource-names.ts';
import { type OtlpDrop, type OtlpRejection, type TraceForm, TraceReader } from './trace-reader.ts';

/** Settings of the messages. */
export interface OtlpStageSettings extends TraceForm {
  /** Topic of the messages. */
  readonly topic: string;
}

/** Turns messages of the topic `traces` into OTLP. Its records are spans. */
export class OtlpStage implements Stage<OutgoingMessage> {
  readonly #topic: string;
  readonly #reader: TraceReader;
  readonly #counters = new Counters<OtlpDrop, OtlpRejection>(['seen_in_process'], ['undecodable', 'unknown_schema']);

  constructor(settings: OtlpStageSettings, names: ResourceNames) {
    this.#topic = settings.topic;
    this.#reader = new TraceReader(settings, names);
  }

  process(message: ReceivedMessage, nowMs: number): readonly OutgoingMessage[] {
    const read = this.#reader.read(message);
    if (read.kind === 'rejected') {
      const { reason, detail } = read;
      return [refuse(message, this.#counters, { stage: 'sink-otlp', reason, detail }, nowMs)];
    }
    this.#counters.receive(read.sent + read.leftOut);
    this.#counters.drop('seen_in_process', read.leftOut);
    this.#counters.emit(read.sent);
    return read.messages.map((value) => ({ topic: this.#topic, key: read.id, value }));
  }

  flush(): readonly OutgoingMessage[] {
    return [];
  }

  drain(): readonly OutgoingMessage[] {
    return [];
  }

  lowWatermark(): undefined {
    return undefined;
  }

  revoke(): void {
    // There is no state.
  }

  /** Reported spans so far that were written without what only their application knows, since its bytes are no OTLP. */
  get unreadable(): number {
    return this.#reader.unreadable;
  }

  accounting(): Accounting {
    return this.#counters;
  }
}
