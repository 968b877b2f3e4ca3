import { joinAdjacent } from '../pieces.ts';
import type { SinkOutput } from '../stage.ts';

/** The rows of one table in the batches among outputs, in pieces as they are stored. */
export function rowsOf(outputs: readonly SinkOutput[], name: string): readonly Uint8Array[] {
  const messages = outputs.flatMap((output) => (output.kind === 'rows' ? output.messages : []));
  return joinAdjacent(
    messages.flatMap(({ read }) => read.tables.filter(({ table }) => table.name === name).map(({ rows }) => rows)),
  );
}
