/**
 * The sink: traces and resources to rows. Rows gather in a batch until there are enough of them or the oldest is old
 * enough; a batch leaves through `flush` only. That matters after a restart, when the runtime passes over what
 * `process` returns for messages whose results were acknowledged, while the rows of those messages may still have been
 * waiting here.
 */
import { SignatureChecker, type SignaturePolicy, unsignedAccepted } from '../core/agents/agent-signature.ts';
import { readAgentResource } from '../core/agents/read-agent-resource.ts';
import type { OutgoingMessage, ReceivedMessage, TopicPartition } from '../core/bus/bus.ts';
import { decodeValue } from '../core/codec.ts';
import { refuse } from '../core/dead-letter.ts';
import { Counters } from '../core/stage/accounting.ts';
import type { Accounting, Stage } from '../core/stage/stage.ts';
import { readResource, type Resource } from '../schemas/generated/resource.ts';
import { joinAdjacent } from './pieces.ts';
import { writeResourceRow } from './resource-rows.ts';
import { RowBinaryWriter } from './row-binary-writer.ts';
import { transcodeTrace, type TraceWriters } from './trace-transcoder.ts';

/** Rows in RowBinary, in pieces. */
export interface RowBatch {
  readonly kind: 'rows';
  readonly spans: readonly Uint8Array[];
  readonly traces: readonly Uint8Array[];
  readonly resources: readonly Uint8Array[];
  readonly spanCount: number;
  readonly traceCount: number;
  readonly resourceCount: number;
}

/** What the sink gives: rows for the database, or a message for the bus. */
export type SinkOutput = RowBatch | { readonly kind: 'dead-letter'; readonly message: OutgoingMessage };

/** When a batch is due: as soon as one of these is reached. */
export interface BatchLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
  /** Since its first row, in milliseconds. */
  readonly maxAgeMs: number;
}

export type SinkRejection = 'undecodable' | 'unknown_schema' | 'forged' | 'unsigned';

/** What the topics are called that it reads. */
export interface SinkTopics {
  readonly traces: string;
  readonly resources: string;
  readonly agentResources: string;
}

/** The rows of one message. */
interface Held {
  readonly source: TopicPartition;
  readonly offset: number;
  readonly topic: 'traces' | 'resources';
  /** Rows of table spans, or of table resource. */
  readonly rows: Buffer;
  /** One row of table trace; empty for a resource. */
  readonly traceRow: Buffer;
  /** Spans or resources: what is accounted for. */
  readonly count: number;
}

const noBytes = Buffer.alloc(0);

/** Turns messages of the topics `traces`, `resources` and `agent-resources` into batches of rows. Its records are spans and resources. */
export class SinkStage implements Stage<SinkOutput> {
  readonly #limits: BatchLimits;
  readonly #topics: SinkTopics;
  readonly #signatures: SignatureChecker;
  readonly #counters = new Counters<never, SinkRejection>([], ['undecodable', 'unknown_schema', 'forged', 'unsigned']);
  readonly #writers: TraceWriters = { spans: new RowBinaryWriter(), trace: new RowBinaryWriter(64 * 1024) };
  readonly #resourceWriter = new RowBinaryWriter(64 * 1024);
  #held: Held[] = [];
  #rows = 0;
  #bytes = 0;
  #sinceMs = 0;

  /** @param signatures whose signatures of hosts and processes count; by default nobody has to sign */
  constructor(limits: BatchLimits, topics: SinkTopics, signatures: SignaturePolicy = unsignedAccepted) {
    this.#limits = limits;
    this.#topics = topics;
    this.#signatures = new SignatureChecker(signatures);
  }

  process(message: ReceivedMessage, nowMs: number): readonly SinkOutput[] {
    const { traces, resources, agentResources } = this.#topics;
    if (message.topic === traces) return this.#processTrace(message, nowMs);
    if (message.topic === resources || message.topic === agentResources) return this.#processResource(message, nowMs);
    throw new Error(`the sink does not read ${message.topic}`);
  }

  #processTrace(message: ReceivedMessage, nowMs: number): readonly SinkOutput[] {
    const decoded = decodeValue('Trace', message, (reader) => transcodeTrace(reader, this.#writers));
    if (decoded.kind === 'rejected') {
      this.#writers.spans.discard();
      this.#writers.trace.discard();
      return this.#reject(message, decoded.reason, decoded.detail, nowMs);
    }
    this.#counters.receive(decoded.value);
    const rows = this.#writers.spans.take();
    this.#hold(message, { topic: 'traces', rows, traceRow: this.#writers.trace.take(), count: decoded.value }, nowMs);
    return [];
  }

  #processResource(message: ReceivedMessage, nowMs: number): readonly SinkOutput[] {
    // A compacted topic says "deleted" by an empty value; what a resource was called stays true of old spans.
    if (message.value.length === 0) return [];
    const decoded =
      message.topic === this.#topics.agentResources
        ? readAgentResource(message, this.#signatures)
        : decodeValue<Resource>('Resource', message, readResource);
    if (decoded.kind !== 'ok') return this.#reject(message, decoded.reason, decoded.detail, nowMs);
    this.#counters.receive();
    writeResourceRow(this.#resourceWriter, decoded.value, message.timestampMs);
    const rows = this.#resourceWriter.take();
    this.#hold(message, { topic: 'resources', rows, traceRow: noBytes, count: 1 }, nowMs);
    return [];
  }

  #hold(message: ReceivedMessage, made: Omit<Held, 'source' | 'offset'>, nowMs: number): void {
    if (this.#held.length === 0) this.#sinceMs = nowMs;
    const source = { topic: message.topic, partition: message.partition };
    this.#held.push({ source, offset: message.offset, ...made });
    this.#rows += made.count;
    this.#bytes += made.rows.length + made.traceRow.length;
  }

  #reject(message: ReceivedMessage, reason: SinkRejection, detail: string, nowMs: number): readonly SinkOutput[] {
    const letter = refuse(message, this.#counters, { stage: 'sink', reason, detail }, nowMs);
    return [{ kind: 'dead-letter', message: letter }];
  }

  flush(nowMs: number): readonly SinkOutput[] {
    const isDue =
      this.#rows >= this.#limits.maxRows ||
      this.#bytes >= this.#limits.maxBytes ||
      // A clock that was set back must not keep a batch waiting.
      nowMs < this.#sinceMs ||
      nowMs - this.#sinceMs >= this.#limits.maxAgeMs;
    return isDue ? this.drain() : [];
  }

  drain(): readonly SinkOutput[] {
    const held = this.#held;
    if (held.length === 0) return [];
    const traces = held.filter((entry) => entry.topic === 'traces');
    const resources = held.filter((entry) => entry.topic === 'resources');
    const spanCount = traces.reduce((sum, entry) => sum + entry.count, 0);
    this.#forget([]);
    this.#counters.emit(spanCount + resources.length);
    return [
      {
        kind: 'rows',
        spans: joinAdjacent(traces.map((entry) => entry.rows)),
        traces: joinAdjacent(traces.map((entry) => entry.traceRow)),
        resources: joinAdjacent(resources.map((entry) => entry.rows)),
        spanCount,
        traceCount: traces.length,
        resourceCount: resources.length,
      },
    ];
  }

  #forget(kept: Held[]): void {
    this.#held = kept;
    this.#rows = kept.reduce((sum, entry) => sum + entry.count, 0);
    this.#bytes = kept.reduce((sum, entry) => sum + entry.rows.length + entry.traceRow.length, 0);
  }

  heldFrom(source: TopicPartition): number | undefined {
    const entry = this.#held.find(
      (candidate) => candidate.source.topic === source.topic && candidate.source.partition === source.partition,
    );
    return entry?.offset;
  }

  revoke(sources: readonly TopicPartition[]): void {
    const isRevoked = ({ source }: Held): boolean =>
      sources.some((revoked) => revoked.topic === source.topic && revoked.partition === source.partition);
    const dropped = this.#held.filter(isRevoked).reduce((sum, entry) => sum + entry.count, 0);
    this.#counters.drop('revoked', dropped);
    this.#forget(this.#held.filter((entry) => !isRevoked(entry)));
  }

  accounting(): Accounting {
    const { received, emitted, dropped, rejected, held } = this.#counters;
    return { received, emitted, dropped, rejected, held, heldBytes: this.#bytes };
  }
}
