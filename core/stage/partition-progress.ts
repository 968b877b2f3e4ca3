import type { Position, ReceivedMessage, TopicPartition } from '../bus/bus.ts';
import type { PartitionLag } from '../telemetry/stage-telemetry.ts';

/** Progress of one partition. */
interface Progress {
  readonly source: TopicPartition;
  /** Offset of the message expected next. */
  next: number;
  /** Results of messages below are acknowledged already. */
  emittedBelow: number;
  stored: { readonly offset: number; readonly emittedBelow: number };
  /** Every message that was not read yet came at or after this time, as far as is known. */
  unreadSinceMs: number;
  /** When everything was found read last. */
  caughtUpAtMs: number;
}

const keyOf = (source: TopicPartition): string => `${source.topic}/${source.partition}`;

/** Progress in all partitions that are assigned to a stage, and their committed positions. */
export class PartitionProgress {
  readonly #partitions = new Map<string, Progress>();

  get size(): number {
    return this.#partitions.size;
  }

  assign(position: Position, nowMs: number): void {
    const { topic, partition, offset, emittedBelow } = position;
    const source = { topic, partition };
    const stored = { offset, emittedBelow };
    const times = { unreadSinceMs: nowMs, caughtUpAtMs: -Infinity };
    this.#partitions.set(keyOf(source), { source, next: offset, emittedBelow, stored, ...times });
  }

  revoke(source: TopicPartition): void {
    this.#partitions.delete(keyOf(source));
  }

  /** Advances past a message. Its results are due unless they were acknowledged before a restart. */
  advance(message: ReceivedMessage): { readonly resultsDue: boolean; readonly skipped: number } {
    const progress = this.#partitions.get(keyOf(message));
    if (progress === undefined) throw new Error(`a message of ${keyOf(message)}, which is not assigned`);
    // A refused batch stands for several messages and ends at the last of them.
    const skipped = (message.refused?.firstOffset ?? message.offset) - progress.next;
    progress.next = message.offset + 1;
    progress.unreadSinceMs = Math.max(message.timestampMs, progress.caughtUpAtMs);
    return { resultsDue: message.offset >= progress.emittedBelow, skipped };
  }

  /**
   * Positions that changed since they were stored. Everything read so far must have been acknowledged.
   * The offset is the low watermark: no older message is needed to rebuild the state.
   */
  changedPositions(heldFrom: (source: TopicPartition) => number | undefined): readonly Position[] {
    const changed: Position[] = [];
    for (const progress of this.#partitions.values()) {
      const emittedBelow = Math.max(progress.emittedBelow, progress.next);
      const offset = Math.min(heldFrom(progress.source) ?? progress.next, progress.next);
      if (offset !== progress.stored.offset || emittedBelow !== progress.stored.emittedBelow)
        changed.push({ ...progress.source, offset, emittedBelow });
    }
    return changed;
  }

  /** The position that is stored of a partition, or that it was assigned at. */
  storedPosition({ topic, partition }: TopicPartition): Position | undefined {
    const progress = this.#partitions.get(keyOf({ topic, partition }));
    return progress === undefined ? undefined : { topic, partition, ...progress.stored };
  }

  stored(positions: readonly Position[]): void {
    for (const { topic, partition, offset, emittedBelow } of positions) {
      const progress = this.#partitions.get(keyOf({ topic, partition }));
      if (progress === undefined) continue;
      progress.emittedBelow = emittedBelow;
      progress.stored = { offset, emittedBelow };
    }
  }

  /** What lies between what was read and these ends, as they are now. */
  lag(ends: readonly (TopicPartition & { readonly offset: number })[], nowMs: number): readonly PartitionLag[] {
    return ends.flatMap(({ topic, partition, offset }) => {
      const progress = this.#partitions.get(keyOf({ topic, partition }));
      if (progress === undefined) return [];
      const messages = Math.max(0, offset - progress.next);
      if (messages === 0) progress.caughtUpAtMs = progress.unreadSinceMs = nowMs;
      return [{ topic, partition, messages, ...(messages === 0 ? {} : { behindSinceMs: progress.unreadSinceMs }) }];
    });
  }
}
