import type { Bus, ReceivedMessage } from '../../core/bus/bus.ts';
import { decodeValue } from '../../core/codec.ts';
import { watchTopics } from '../../cli/bus/watch-topics.ts';
import { readDeadLetter } from '../../schemas/generated/dead-letter.ts';
import { readEventBatch } from '../../schemas/generated/event-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { readSpanBatch } from '../../schemas/generated/span-batch.ts';
import { readTrace, type Trace } from '../../schemas/generated/trace.ts';
import type { ClickHouseProcess } from './clickhouse-process.ts';
import { isPoison } from './poison.ts';

/** What a run came to. */
export interface Outcome {
  /** Everything that must be the same of each span of the final traces, as text by span id. */
  readonly spans: ReadonlyMap<string, string>;
  /** Spans that are in more than one final trace, or twice in one. */
  readonly doubled: readonly string[];
  readonly traceIds: ReadonlySet<string>;
  /** Rows of the database in order, without what counts revisions. */
  readonly spanRows: readonly string[];
  readonly traceRows: readonly string[];
  readonly resourceRows: readonly string[];
  /** Distinct spans that the enricher made, and distinct events that were received. */
  readonly enrichedSpans: number;
  readonly events: number;
  /** Where poison lies, and of what there are dead letters: topic/partition/offset. */
  readonly poison: ReadonlySet<string>;
  readonly letters: ReadonlySet<string>;
  readonly lettersRepeated: number;
  readonly messages: Readonly<Record<string, number>>;
}

/** What lies on the bus, taken in message by message. */
class BusContent {
  readonly finals = new Map<string, Trace>();
  readonly enriched = new Set<string>();
  readonly events = new Map<number, Set<number>>();
  readonly poison = new Set<string>();
  readonly letters = new Set<string>();
  lettersRepeated = 0;
  readonly messages: Record<string, number> = {};

  readonly take = (message: ReceivedMessage): void => {
    const { topic } = message;
    this.messages[topic] = (this.messages[topic] ?? 0) + 1;
    if (topic !== 'dead-letter' && isPoison(message.value)) {
      this.poison.add(positionKey(message));
      return;
    }
    // Buffers of messages are the bus's own.
    const own = { headers: message.headers, value: Buffer.from(message.value) };
    if (topic === 'dead-letter') {
      const position = positionKey(must(decodeValue('DeadLetter', own, readDeadLetter)));
      if (this.letters.has(position)) this.lettersRepeated++;
      this.letters.add(position);
    } else if (topic === 'spans')
      for (const { spanId } of must(decodeValue('SpanBatch', own, readSpanBatch)).spans) this.enriched.add(spanId);
    else if (topic === 'events') {
      const batch = must(decodeValue('EventBatch', own, readEventBatch));
      let ids = this.events.get(batch.agentId);
      if (ids === undefined) this.events.set(batch.agentId, (ids = new Set()));
      for (const { id } of batch.events) ids.add(id);
    } else if (topic === 'traces') this.#takeTrace(must(decodeValue('Trace', own, readTrace)));
  };

  #takeTrace(trace: Trace): void {
    const known = this.finals.get(trace.traceId);
    // Of one revision the message that says that it was merged is the last.
    const isLater =
      known === undefined ||
      trace.revision > known.revision ||
      (trace.revision === known.revision && known.mergedInto === '');
    if (isLater) this.finals.set(trace.traceId, trace);
  }

  get eventCount(): number {
    let count = 0;
    for (const ids of this.events.values()) count += ids.size;
    return count;
  }
}

/** Reads everything that a run left on the bus and in the database. */
export async function readOutcome(bus: Bus, clickHouse: ClickHouseProcess): Promise<Outcome> {
  const content = new BusContent();
  const { signal } = new AbortController();
  const topics = ['events', 'spans', 'linked', 'traces', 'dead-letter', 'resources', 'agent-resources'] as const;
  await watchTopics({ bus, topics, onMessage: content.take, signal, untilEnd: true });
  const spans = new Map<string, string>();
  const doubled: string[] = [];
  const traceIds = new Set<string>();
  for (const trace of content.finals.values()) {
    if (trace.mergedInto !== '') continue;
    traceIds.add(trace.traceId);
    for (const span of trace.spans) {
      if (spans.has(span.spanId)) doubled.push(span.spanId);
      spans.set(span.spanId, textOf(trace.traceId, span));
    }
  }
  return {
    spans,
    doubled,
    traceIds,
    spanRows: await clickHouse.rows('SELECT * EXCEPT (revision) FROM spans FINAL ORDER BY span_id'),
    traceRows: await clickHouse.rows(
      "SELECT * EXCEPT (revision, version) FROM trace FINAL WHERE merged_into = toFixedString(unhex(repeat('00', 16)), 16) ORDER BY trace_id",
    ),
    resourceRows: await clickHouse.rows('SELECT * EXCEPT (version) FROM resource FINAL ORDER BY kind, id, valid_from'),
    enrichedSpans: content.enriched.size,
    events: content.eventCount,
    poison: content.poison,
    letters: content.letters,
    lettersRepeated: content.lettersRepeated,
    messages: content.messages,
  };
}

const positionKey = ({ topic, partition, offset }: Pick<ReceivedMessage, 'topic' | 'partition' | 'offset'>): string =>
  `${topic}/${partition}/${offset}`;

function must<Value>(decoded: ReturnType<typeof decodeValue<Value>>): Value {
  if (decoded.kind === 'rejected') throw new Error(`something on the bus is unreadable: ${decoded.detail}`);
  return decoded.value;
}

/** A whole span and the trace that it is in. */
function textOf(traceId: string, span: Span): string {
  return JSON.stringify({ traceId, ...span }, (_, value: unknown) =>
    typeof value === 'bigint'
      ? String(value)
      : value instanceof Uint8Array
        ? Buffer.from(value).toString('hex')
        : value,
  );
}
