import type { KafkaMessage } from 'kafkajs';
import type { TopicPartition } from '../bus.ts';
import { keyOf } from './group/assignment.ts';

/** How a batch ended: read to its end, put back unread, or given up because of an error. */
export type BatchOutcome = 'read' | 'discarded' | { readonly error: unknown };

/** A batch from kafkajs, which continues when the batch is done. */
export interface InboxBatch {
  readonly source: TopicPartition;
  readonly over: Promise<BatchOutcome>;
}

interface Entry extends InboxBatch {
  readonly messages: readonly KafkaMessage[];
  next: number;
  readonly finish: (outcome: BatchOutcome) => void;
}

/** Batches between kafkajs, which pushes them, and a stage, which pulls messages. */
export class Inbox {
  #entries: Entry[] = [];

  add(source: TopicPartition, messages: readonly KafkaMessage[]): InboxBatch {
    let finish: (outcome: BatchOutcome) => void = () => undefined;
    const over = new Promise<BatchOutcome>((resolve) => (finish = resolve));
    const entry = { source, messages, next: 0, over, finish };
    this.#entries.push(entry);
    return entry;
  }

  /**
   * Hands out messages in order, at least one and as many as fit `maxBytes`.
   *
   * @param isWanted false for messages that are known already; they are left out
   */
  take(
    maxBytes: number,
    isReadable: (source: TopicPartition) => boolean,
    isWanted: (source: TopicPartition, offset: number) => boolean,
    hand: (source: TopicPartition, message: KafkaMessage) => void,
  ): void {
    let bytes = 0;
    let count = 0;
    for (const entry of this.#entries) {
      if (!isReadable(entry.source)) continue;
      for (; entry.next < entry.messages.length; entry.next++) {
        const message = entry.messages[entry.next]!;
        if (!isWanted(entry.source, Number(message.offset))) continue;
        const size = message.value?.length ?? 0;
        if (count > 0 && bytes + size > maxBytes) return;
        bytes += size;
        count++;
        hand(entry.source, message);
      }
    }
  }

  /** Ends the batches whose messages have all been handed out. */
  finishRead(): void {
    this.#end(({ next, messages }) => next >= messages.length, 'read');
  }

  /** Puts the batches of one partition back. */
  discard(source: TopicPartition): void {
    const key = keyOf(source);
    this.#end((entry) => keyOf(entry.source) === key, 'discarded');
  }

  /** Ends all batches; those read to their end count as read. */
  endAll(outcome: BatchOutcome): void {
    this.finishRead();
    this.#end(() => true, outcome);
  }

  #end(condition: (entry: Entry) => boolean, outcome: BatchOutcome): void {
    const ended = this.#entries.filter(condition);
    if (ended.length === 0) return;
    this.#entries = this.#entries.filter((entry) => !ended.includes(entry));
    for (const entry of ended) entry.finish(outcome);
  }
}
