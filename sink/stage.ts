/**
 * The sink as a pure state machine. Its records are spans, intervals of flows and resources.
 *
 * Input: messages of `traces`, `flows`, `resources`, `agent-resources` and `stage-reports`. Output: batches of rows in RowBinary, and dead letters.
 * State: the batch that is not due yet. Bounds: SPANLOOM_SINK_BATCH_ROWS, _BYTES and _AGE; the first one reached makes the
 * batch due.
 *
 * Only `flush` and, at the end of the input, `drain` return batches, never `process`. After a restart the runtime suppresses
 * what `process` returns for messages whose results were acknowledged, but rows of those messages may not have been written yet.
 */
import type { OutgoingMessage, ReceivedMessage, TopicPartition } from '../core/bus/bus.ts';
import { deadLetter } from '../core/dead-letter.ts';
import { Counters } from '../core/stage/accounting.ts';
import type { Accounting, Stage } from '../core/stage/stage.ts';
import type { Input, MessageRows, SinkAcceptance, SinkRejection } from './inputs/input.ts';
import { inputsByTopic } from './inputs/inputs.ts';
import { tables } from './tables/tables.ts';

/** The rows of some messages, which are stored together. */
export interface RowBatch {
  readonly kind: 'rows';
  readonly messages: readonly BufferedMessage[];
}

/** An output: rows for the database, or a message for the bus. */
export type SinkOutput = RowBatch | { readonly kind: 'dead-letter'; readonly message: OutgoingMessage };

/** A batch is due as soon as it reaches one of these. */
export interface BatchLimits {
  /** Records, which are spans, intervals of flows and resources. */
  readonly maxRows: number;
  readonly maxBytes: number;
  /** Since its first row, in milliseconds. */
  readonly maxAgeMs: number;
}

/** A message whose rows wait for their batch. */
export interface BufferedMessage {
  readonly message: ReceivedMessage;
  readonly read: MessageRows;
  /** Why the database refused it; undefined until then. */
  refusal: string | undefined;
}

const isOf = (message: TopicPartition, { topic, partition }: TopicPartition): boolean =>
  message.topic === topic && message.partition === partition;

function bytesOf({ read }: BufferedMessage): number {
  let bytes = 0;
  for (const { rows } of read.tables) bytes += rows.length;
  return bytes;
}

/** Turns messages into batches of rows. */
export class SinkStage implements Stage<SinkOutput> {
  readonly #limits: BatchLimits;
  readonly #inputs: ReadonlyMap<string, Input>;
  readonly #counters = new Counters<never, SinkRejection>(
    [],
    ['undecodable', 'unknown_schema', 'forged', 'unsigned', 'time_out_of_range', 'refused'],
  );
  #buffered: BufferedMessage[] = [];
  #records = 0;
  #bytes = 0;
  #sinceMs = 0;

  constructor(limits: BatchLimits, acceptance: SinkAcceptance = {}) {
    this.#limits = limits;
    this.#inputs = inputsByTopic(acceptance);
  }

  /** Names of the topics that it reads. */
  get topics(): readonly string[] {
    return [...this.#inputs.keys()];
  }

  process(message: ReceivedMessage, nowMs: number): readonly SinkOutput[] {
    const input = this.#inputs.get(message.topic);
    if (input === undefined) throw new Error(`the sink does not read ${message.topic}`);
    const read = input.read(message, nowMs);
    if (read.kind === 'nothing') return [];
    this.#counters.receive(read.records);
    if (read.kind === 'rejected') {
      const { reason, detail, records } = read;
      this.#counters.reject(reason, records);
      return [{ kind: 'dead-letter', message: deadLetter(message, { stage: 'sink', reason, detail }, nowMs) }];
    }
    if (this.#buffered.length === 0) this.#sinceMs = nowMs;
    const entry = { message, read, refusal: undefined };
    this.#buffered.push(entry);
    this.#records += read.records;
    this.#bytes += bytesOf(entry);
    return [];
  }

  /** Counts a message of an emitted batch as rejected: the database refused it, and it becomes a dead letter. */
  refused({ read }: BufferedMessage): void {
    this.#counters.emit(-read.records);
    this.#counters.reject('refused', read.records);
  }

  flush(nowMs: number): readonly SinkOutput[] {
    const isDue =
      this.#records >= this.#limits.maxRows ||
      this.#bytes >= this.#limits.maxBytes ||
      // A clock that was set back must not keep a batch waiting.
      nowMs < this.#sinceMs ||
      nowMs - this.#sinceMs >= this.#limits.maxAgeMs;
    return isDue ? this.drain() : [];
  }

  drain(): readonly SinkOutput[] {
    const messages = this.#buffered;
    if (messages.length === 0) return [];
    this.#counters.emit(this.#records);
    this.#forget([]);
    return [{ kind: 'rows', messages }];
  }

  #forget(kept: BufferedMessage[]): void {
    this.#buffered = kept;
    this.#records = kept.reduce((sum, { read }) => sum + read.records, 0);
    this.#bytes = kept.reduce((sum, entry) => sum + bytesOf(entry), 0);
  }

  lowWatermark(source: TopicPartition): number | undefined {
    return this.#buffered.find(({ message }) => isOf(message, source))?.message.offset;
  }

  revoke(sources: readonly TopicPartition[]): void {
    const isRevoked = ({ message }: BufferedMessage): boolean => sources.some((revoked) => isOf(message, revoked));
    const dropped = this.#buffered.filter(isRevoked).reduce((sum, { read }) => sum + read.records, 0);
    this.#counters.drop('revoked', dropped);
    this.#forget(this.#buffered.filter((entry) => !isRevoked(entry)));
  }

  accounting(): Accounting {
    const { received, emitted, dropped, rejected, buffered } = this.#counters;
    return { received, emitted, dropped, rejected, buffered, bufferedBytes: this.#bytes };
  }
}

/** Rows of a batch by the table's name. */
export function rowCounts({ messages }: RowBatch): ReadonlyMap<string, number> {
  const counts = new Map(tables.map(({ name }) => [name, 0]));
  for (const { read } of messages)
    for (const { table, count } of read.tables) counts.set(table.name, counts.get(table.name)! + count);
  return counts;
}
