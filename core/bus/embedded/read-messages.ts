import type { ReceivedMessage, TopicPartition } from '../bus.ts';
import type { IndexEntry } from './layout.ts';
import type { LogStore } from './log-store.ts';

/** A partition and the offset to read next; moved on by {@link readMessages}. */
export interface Cursor extends TopicPartition {
  next: number;
}

interface Head {
  readonly cursor: Cursor;
  readonly topicId: number;
  readonly entries: Iterator<{ key: unknown; value: IndexEntry }>;
  offset: number;
  entry: IndexEntry;
}

function advance(head: Pick<Head, 'entries'>): { offset: number; entry: IndexEntry } | undefined {
  const step = head.entries.next();
  if (step.done === true) return undefined;
  return { offset: (step.value.key as number[])[2]!, entry: step.value.value };
}

/**
 * Reads on from all cursors, the older of two messages first, until the values make `maxBytes`. The first message
 * comes whatever its size. Merging by time lets a reader that is behind see several partitions as they were written.
 */
export function readMessages(store: LogStore, cursors: readonly Cursor[], maxBytes: number): ReceivedMessage[] {
  const messages: ReceivedMessage[] = [];
  const heads: Head[] = [];
  const iterators: Iterator<unknown>[] = [];
  try {
    for (const cursor of cursors) {
      const topic = store.topics.get(cursor.topic);
      if (topic === undefined) continue;
      const { next } = store.partition(topic.id, cursor.partition);
      if (cursor.next >= next) continue;
      const range = { start: [topic.id, cursor.partition, cursor.next], end: [topic.id, cursor.partition, next] };
      const entries = store.index.getRange(range)[Symbol.iterator]();
      iterators.push(entries);
      const first = advance({ entries });
      if (first !== undefined) heads.push({ cursor, topicId: topic.id, entries, ...first });
    }
    let bytes = 0;
    while (heads.length > 0) {
      let oldest = heads[0]!;
      for (const head of heads) if (head.entry[0] < oldest.entry[0]) oldest = head;
      const [timestampMs, valueBytes, key, headers] = oldest.entry;
      if (messages.length > 0 && bytes + valueBytes > maxBytes) break;
      const { topic, partition } = oldest.cursor;
      const { offset } = oldest;
      const value = valueBytes === 0 ? Buffer.alloc(0) : store.values.getBinary([oldest.topicId, partition, offset]);
      if (value === undefined) throw store.damaged();
      messages.push({ topic, partition, offset, timestampMs, key, value, headers: headers ?? {} });
      bytes += valueBytes;
      oldest.cursor.next = offset + 1;
      const following = advance(oldest);
      if (following === undefined) heads.splice(heads.indexOf(oldest), 1);
      else Object.assign(oldest, following);
      if (bytes >= maxBytes) break;
    }
  } finally {
    for (const iterator of iterators) iterator.return?.();
  }
  return messages;
}
