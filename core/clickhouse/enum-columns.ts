/**
 * Keeps enum columns up with their Avro enums, so that a new symbol takes no migration. Enums only ever grow: one with
 * symbols that this version does not know was made by a newer one and stays. Adding symbols changes no value, and what a
 * running older sink writes stays valid. A column of tuples is rewritten once when an enum in it grows; others are not.
 */
import {
  closeTypeSymbols,
  contextKindSymbols,
  transportSymbols,
  tunnelTypeSymbols,
} from '../../schemas/generated/event-batch.ts';
import { resourceKindSymbols } from '../../schemas/generated/resource.ts';
import {
  causeKindSymbols,
  protocolSymbols,
  reasonSymbols,
  signalSourceSymbols,
  spanStatusSymbols,
} from '../../schemas/generated/span.ts';
import type { ClickHouse } from './clickhouse.ts';
import { stringLiteral } from './sql-literal.ts';

/** A column whose type has Avro enums: it is one, or an array of tuples with some. */
export interface EnumColumn {
  readonly table: string;
  readonly column: string;
  /** Symbols of each enum, in the order in which they are in the type; symbols in the order of their numbers, from 0. */
  readonly enums: readonly (readonly string[])[];
}

/** A column of this database that lacks symbols, and the type that it needs. */
export interface NarrowColumn extends Pick<EnumColumn, 'table' | 'column'> {
  readonly type: string;
}

/** Every enum column. */
export const enumColumns: readonly EnumColumn[] = [
  { table: 'spans', column: 'reason', enums: [reasonSymbols] },
  { table: 'spans', column: 'likely_parents', enums: [reasonSymbols] },
  { table: 'spans', column: 'signal_source', enums: [signalSourceSymbols] },
  { table: 'spans', column: 'status', enums: [spanStatusSymbols] },
  { table: 'spans', column: 'protocol', enums: [protocolSymbols] },
  { table: 'spans', column: 'transport', enums: [transportSymbols] },
  { table: 'spans', column: 'context_kind', enums: [contextKindSymbols] },
  { table: 'spans', column: 'tunnels', enums: [tunnelTypeSymbols] },
  { table: 'spans', column: 'causes', enums: [causeKindSymbols, reasonSymbols] },
  { table: 'trace', column: 'root_protocol', enums: [protocolSymbols] },
  { table: 'trace', column: 'root_status', enums: [spanStatusSymbols] },
  { table: 'trace_by_time', column: 'root_protocol', enums: [protocolSymbols] },
  { table: 'trace_by_time', column: 'root_status', enums: [spanStatusSymbols] },
  { table: 'call_minute_sum', column: 'protocol', enums: [protocolSymbols] },
  { table: 'call_minute_sum', column: 'status', enums: [spanStatusSymbols] },
  { table: 'operation', column: 'protocol', enums: [protocolSymbols] },
  { table: 'flow', column: 'transport', enums: [transportSymbols] },
  { table: 'flow', column: 'tunnels', enums: [tunnelTypeSymbols] },
  { table: 'flow', column: 'metrics_close_type', enums: [closeTypeSymbols] },
  { table: 'flow_minute_sum', column: 'transport', enums: [transportSymbols] },
  { table: 'resource', column: 'kind', enums: [resourceKindSymbols] },
  { table: 'resource', column: 'parents', enums: [resourceKindSymbols] },
  { table: 'resource', column: 'ports', enums: [transportSymbols] },
];

/** Columns of this database that lack symbols of their enums. */
export async function narrowEnumColumns(
  clickHouse: ClickHouse,
  columns: readonly EnumColumn[] = enumColumns,
): Promise<readonly NarrowColumn[]> {
  const rows = await clickHouse.select<{ table: string; name: string; type: string }>(
    'SELECT table, name, type FROM system.columns WHERE database = currentDatabase() ' +
      `AND table IN (${columns.map(({ table }) => stringLiteral(table)).join(', ')})`,
  );
  return columns.flatMap(({ table, column, enums }) => {
    const present = rows.find((row) => row.table === table && row.name === column)?.type;
    if (present === undefined) return [];
    const type = widened(present, enums);
    return type === present ? [] : [{ table, column, type }];
  });
}

/** Adds the symbols that the column lacks. Views over it know them only after they are recreated. */
export async function widenEnumColumn(clickHouse: ClickHouse, { table, column, type }: NarrowColumn): Promise<void> {
  await clickHouse.execute(`ALTER TABLE ${table} MODIFY COLUMN ${column} ${type}`);
}

/** A type in which each enum has at least these symbols. */
function widened(type: string, enums: readonly (readonly string[])[]): string {
  let index = 0;
  return type.replaceAll(/Enum8\([^()]*\)/g, (present) => {
    const wanted = enumType(enums[index++] ?? []);
    // One that begins like ours and ends earlier.
    return wanted.startsWith(`${present.slice(0, -1)},`) ? wanted : present;
  });
}

/** As the server writes it. Symbols of Avro have no quotes or parentheses. */
function enumType(symbols: readonly string[]): string {
  return `Enum8(${symbols.map((symbol, number) => `'${symbol}' = ${number}`).join(', ')})`;
}
