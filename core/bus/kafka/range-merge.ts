/**
 * Messages of several partitions, each up to a known end, as one sequence: the older of two first, so that what was
 * written at the same time is read at the same time. The order within a partition is never changed.
 */
import type { TopicPartition } from '../bus.ts';
import { keyOf } from './group/assignment.ts';

/** A part of a partition: offsets from `from` up to, but not including, `to`. */
export interface OffsetRange extends TopicPartition {
  readonly from: number;
  readonly to: number;
}

/** What the merge has to know of a message. */
interface Dated {
  readonly offset: number;
  readonly timestampMs: number;
  readonly value: { readonly length: number };
}

interface Lane<Message> {
  readonly range: OffsetRange;
  /** Offset of the message that is to be added next. */
  next: number;
  waiting: Message[];
  taken: number;
  bytes: number;
}

/** See the head of this file. */
export class RangeMerge<Message extends Dated> {
  readonly #lanes: ReadonlyMap<string, Lane<Message>>;

  constructor(ranges: readonly OffsetRange[]) {
    this.#lanes = new Map(
      ranges.map((range) => [keyOf(range), { range, next: range.from, waiting: [], taken: 0, bytes: 0 }]),
    );
  }

  /** Adds messages of one partition; those before the expected one are known, those behind the range are not wanted. */
  add(source: TopicPartition, messages: readonly Message[]): void {
    const lane = this.#lane(source);
    for (const message of messages) {
      if (message.offset < lane.next) continue;
      lane.next = message.offset + 1;
      if (message.offset >= lane.range.to) return;
      lane.waiting.push(message);
      lane.bytes += message.value.length;
    }
  }

  /** Messages below this offset are not there any more. */
  skipTo(source: TopicPartition, offset: number): void {
    const lane = this.#lane(source);
    lane.next = Math.max(lane.next, offset);
  }

  /** The oldest message; undefined while a partition might still bring an older one, and at the end. */
  take(): Message | undefined {
    let oldest: Lane<Message> | undefined;
    let oldestMs = Infinity;
    for (const lane of this.#lanes.values()) {
      const message = lane.waiting[lane.taken];
      if (message === undefined) {
        if (lane.next < lane.range.to) return undefined;
      } else if (message.timestampMs < oldestMs) {
        oldest = lane;
        oldestMs = message.timestampMs;
      }
    }
    if (oldest === undefined) return undefined;
    const message = oldest.waiting[oldest.taken++]!;
    oldest.bytes -= message.value.length;
    if (oldest.taken === oldest.waiting.length) {
      oldest.waiting = [];
      oldest.taken = 0;
    }
    return message;
  }

  /** Partitions of which more is to come, and from where. */
  unread(): readonly (TopicPartition & { readonly next: number })[] {
    return [...this.#lanes.values()]
      .filter(({ next, range }) => next < range.to)
      .map(({ next, range: { topic, partition } }) => ({ topic, partition, next }));
  }

  /** Bytes of one partition that wait to be taken. */
  bytesOf(source: TopicPartition): number {
    return this.#lane(source).bytes;
  }

  /** Everything was added and taken. */
  get isOver(): boolean {
    return [...this.#lanes.values()].every(({ next, range, waiting }) => next >= range.to && waiting.length === 0);
  }

  #lane(source: TopicPartition): Lane<Message> {
    return this.#lanes.get(keyOf(source))!;
  }
}
