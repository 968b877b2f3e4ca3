import type { SinkOutput } from '../stage.ts';

/** The rows of one table in the batches among outputs, in pieces. */
export function rowsOf(outputs: readonly SinkOutput[], name: string): readonly Uint8Array[] {
  return outputs.flatMap((output) =>
    output.kind === 'rows' ? output.tables.filter(({ table }) => table.name === name).flatMap(({ rows }) => rows) : [],
  );
}
