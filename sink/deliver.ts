import type { Producer } from '../core/bus/bus.ts';
import type { ClickHouse } from '../core/clickhouse/clickhouse.ts';
import { deadLetter } from '../core/dead-letter.ts';
import type { ReloadPace } from './reload-pace.ts';
import { resourceColumns } from './resource-rows.ts';
import { spanColumns } from './span-columns.ts';
import type { HeldMessage as BufferedMessage, RowBatch, SinkOutput } from './stage.ts';
import { type MessageRows, storeMessages, type Target } from './store-messages.ts';
import { traceColumns } from './trace-transcoder.ts';

/** Values first: whoever knows a set must find what is in it. */
const dictionaries = ['resource_value', 'resource_at', 'resource_now'];

/** Where the outputs of the sink go. */
export interface SinkDestinations {
  readonly clickHouse: ClickHouse;
  readonly producer: Producer;
  /** How often names may be loaded again; each time when not given. */
  readonly reloads?: ReloadPace;
  /** Told of each batch that was stored. */
  readonly stored?: (batch: RowBatch, durationMs: number) => void;
  /** Told of each message that the database will never take: it goes to the dead letters. */
  readonly refused?: (buffered: BufferedMessage) => void;
}

/** The rows of a message that go into one table. */
interface Part extends MessageRows {
  readonly buffered: BufferedMessage;
}

/**
 * Stores outputs. Names come before the spans that point to them, spans before the trace that lists them, so whatever
 * is seen is whole. The same outputs may be delivered again after a failure: every table keeps one row a key.
 */
export async function deliverToClickHouse(
  outputs: readonly SinkOutput[],
  destinations: SinkDestinations,
): Promise<void> {
  const { producer, stored } = destinations;
  const letters = outputs.flatMap((output) => (output.kind === 'dead-letter' ? [output.message] : []));
  if (letters.length > 0) await producer.send(letters);
  for (const output of outputs) {
    if (output.kind !== 'rows') continue;
    const startedAtMs = performance.now();
    await storeBatch(output, destinations);
    stored?.(output, performance.now() - startedAtMs);
  }
}

async function storeBatch({ messages }: RowBatch, destinations: SinkDestinations): Promise<void> {
  const { clickHouse, reloads } = destinations;
  const of = (topic: BufferedMessage['topic']): readonly BufferedMessage[] =>
    messages.filter((buffered) => buffered.topic === topic && buffered.refusal === undefined);
  const resources = of('resources').map((buffered) => partOf(buffered, buffered.rows));
  await store({ clickHouse, table: 'resource', columns: resourceColumns }, resources, destinations);
  if (resources.length > 0) {
    const reload = async (): Promise<void> => {
      for (const name of dictionaries) await clickHouse.execute(`SYSTEM RELOAD DICTIONARY ${name}`);
    };
    await (reloads?.whenDue(reload) ?? reload());
  }
  const spans = of('traces').map((buffered) => partOf(buffered, buffered.rows));
  await store({ clickHouse, table: 'spans', columns: spanColumns }, spans, destinations);
  // Only of those whose spans are there.
  const traces = of('traces').map((buffered) => partOf(buffered, buffered.traceRow));
  await store({ clickHouse, table: 'trace', columns: traceColumns }, traces, destinations);
  await sendLetters(messages, destinations);
}

function partOf(buffered: BufferedMessage, rows: Buffer): Part {
  const { earliestNs, latestNs } = buffered;
  return { buffered, rows, earliestNs, latestNs };
}

function store(target: Target, parts: readonly Part[], { refused }: SinkDestinations): Promise<void> {
  return storeMessages(target, parts, ({ buffered }, error) => {
    // Where the database is, and with which login, is nothing for readers of dead letters.
    buffered.refusal = error.message.replace(/^ClickHouse at .*? refused \(/, 'ClickHouse refused (');
    refused?.(buffered);
  });
}

/** Sends what was refused to the dead letters. What was found before a failure is still marked when all is delivered again. */
async function sendLetters(messages: readonly BufferedMessage[], { producer }: SinkDestinations): Promise<void> {
  const letters = messages.flatMap(({ message, refusal: detail }) =>
    detail === undefined ? [] : [deadLetter(message, { stage: 'sink', reason: 'refused', detail }, Date.now())],
  );
  if (letters.length > 0) await producer.send(letters);
}
