import type { Producer } from '../core/bus/bus.ts';
import type { ClickHouse } from '../core/clickhouse/clickhouse.ts';
import { deadLetter } from '../core/dead-letter.ts';
import { markMinutes } from './minutes/mark-minutes.ts';
import type { ReloadPace } from './reload-pace.ts';
import type { BufferedMessage, RowBatch, SinkOutput } from './stage.ts';
import { storeMessages, type StoredRows } from './store-messages.ts';
import type { Table } from './tables/table.ts';
import { tables } from './tables/tables.ts';

/** Where the outputs of the sink go. */
export interface SinkDestinations {
  readonly clickHouse: ClickHouse;
  readonly producer: Producer;
  /** How often names may be loaded again; each time when not given. */
  readonly reloads?: ReloadPace;
  /** Called with each batch that was stored. */
  readonly stored?: (batch: RowBatch, durationMs: number) => void;
  /** Called with each message that the database refuses for good, which then goes to the dead letters. */
  readonly refused?: (buffered: BufferedMessage) => void;
}

/** The rows of a message that go into one table. */
interface Part extends StoredRows {
  readonly buffered: BufferedMessage;
  readonly minutes: ReadonlySet<number>;
}

const noMinutes: ReadonlySet<number> = new Set();

/**
 * Stores outputs, a table after the other. The same outputs may be delivered again after a failure: every table keeps one
 * row a key.
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
  for (const table of tables) {
    // Nothing more is stored of a message that an earlier table refused.
    const parts = messages.flatMap((buffered) => (buffered.refusal === undefined ? partsOf(buffered, table) : []));
    await store(table, parts, destinations);
    if (table.summaries !== undefined)
      await markMinutes(
        destinations.clickHouse,
        table.summaries,
        new Set(parts.flatMap(({ minutes }) => [...minutes])),
      );
    if (parts.length > 0) await reloadDictionaries(table, destinations);
  }
  await sendLetters(messages, destinations);
}

function partsOf(buffered: BufferedMessage, table: Table): readonly Part[] {
  const { tables: rowsByTable, earliestNs, latestNs } = buffered.read;
  const parts: Part[] = [];
  for (const part of rowsByTable)
    if (part.table === table)
      parts.push({ buffered, rows: part.rows, minutes: part.minutes ?? noMinutes, earliestNs, latestNs });
  return parts;
}

function store(table: Table, parts: readonly Part[], { clickHouse, refused }: SinkDestinations): Promise<void> {
  const target = { clickHouse, table: table.name, columns: table.columns };
  return storeMessages(target, parts, ({ buffered }, error) => {
    // Address and login of the database are not for readers of dead letters.
    buffered.refusal = error.message.replace(/^ClickHouse at .*? refused \(/, 'ClickHouse refused (');
    refused?.(buffered);
  });
}

async function reloadDictionaries({ dictionaries }: Table, { clickHouse, reloads }: SinkDestinations): Promise<void> {
  if (dictionaries === undefined) return;
  const reload = async (): Promise<void> => {
    for (const name of dictionaries) await clickHouse.execute(`SYSTEM RELOAD DICTIONARY ${name}`);
  };
  await (reloads?.whenDue(reload) ?? reload());
}

/** Sends what was refused to the dead letters. What was found before a failure is still marked when all is delivered again. */
async function sendLetters(messages: readonly BufferedMessage[], { producer }: SinkDestinations): Promise<void> {
  const letters = messages.flatMap(({ message, refusal: detail }) =>
    detail === undefined ? [] : [deadLetter(message, { stage: 'sink', reason: 'refused', detail }, Date.now())],
  );
  if (letters.length > 0) await producer.send(letters);
}
