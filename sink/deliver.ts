import type { Producer } from '../core/bus/bus.ts';
import type { ClickHouse, RowColumn } from '../core/clickhouse/clickhouse.ts';
import type { ReloadPace } from './reload-pace.ts';
import { resourceColumns } from './resource-rows.ts';
import { spanColumns } from './span-columns.ts';
import type { RowBatch, SinkOutput } from './stage.ts';
import { traceColumns } from './trace-columns.ts';

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
}

/**
 * Stores outputs. Names come before the spans that point to them, spans before the trace that lists them, so whatever
 * is seen is whole. The same outputs may be delivered again after a failure: every table keeps one row a key.
 */
export async function deliverToClickHouse(
  outputs: readonly SinkOutput[],
  { clickHouse, producer, reloads, stored }: SinkDestinations,
): Promise<void> {
  const letters = outputs.flatMap((output) => (output.kind === 'dead-letter' ? [output.message] : []));
  if (letters.length > 0) await producer.send(letters);
  for (const output of outputs) {
    if (output.kind !== 'rows') continue;
    const startedAtMs = performance.now();
    await insert('resource', resourceColumns, output.resources);
    if (output.resourceCount > 0) {
      const reload = async (): Promise<void> => {
        for (const name of dictionaries) await clickHouse.execute(`SYSTEM RELOAD DICTIONARY ${name}`);
      };
      await (reloads?.whenDue(reload) ?? reload());
    }
    await insert('spans', spanColumns, output.spans);
    await insert('trace', traceColumns, output.traces);
    stored?.(output, performance.now() - startedAtMs);
  }

  async function insert(table: string, columns: readonly RowColumn[], rows: readonly Uint8Array[]): Promise<void> {
    // Traces that were merged into others have no spans.
    if (rows.length > 0) await clickHouse.insert({ table, columns, rows });
  }
}
