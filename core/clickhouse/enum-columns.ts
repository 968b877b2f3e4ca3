/**
 * Keeps enum columns up with their Avro enums, so that a new symbol takes no migration. Columns only ever grow: a column
 * with symbols that this version does not know was made by a newer one and stays. Adding symbols to an enum changes no
 * data, and what a running older sink writes stays valid.
 */
import { protocolSymbols } from '../../schemas/generated/span.ts';
import type { ClickHouse } from './clickhouse.ts';
import { stringLiteral } from './sql-literal.ts';

/** A column whose values are the symbols of an Avro enum. */
export interface EnumColumn {
  readonly table: string;
  readonly column: string;
  /** In the order of their numbers, from 0. */
  readonly symbols: readonly string[];
}

const enumColumns: readonly EnumColumn[] = [
  { table: 'spans', column: 'protocol', symbols: protocolSymbols },
  { table: 'trace', column: 'root_protocol', symbols: protocolSymbols },
];

/** Columns of this database that lack symbols of their enum. */
export async function narrowEnumColumns(
  clickHouse: ClickHouse,
  columns: readonly EnumColumn[] = enumColumns,
): Promise<readonly EnumColumn[]> {
  const rows = await clickHouse.select<{ table: string; name: string; type: string }>(
    'SELECT table, name, type FROM system.columns WHERE database = currentDatabase() ' +
      `AND table IN (${columns.map(({ table }) => stringLiteral(table)).join(', ')})`,
  );
  return columns.filter(({ table, column, symbols }) => {
    const present = rows.find((row) => row.table === table && row.name === column)?.type;
    // A type that begins like ours and ends earlier.
    return present !== undefined && enumType(symbols).startsWith(`${present.slice(0, -1)},`);
  });
}

/** Adds the symbols that the column lacks. Views over it know them only after they are recreated. */
export async function widenEnumColumn(clickHouse: ClickHouse, { table, column, symbols }: EnumColumn): Promise<void> {
  await clickHouse.execute(`ALTER TABLE ${table} MODIFY COLUMN ${column} ${enumType(symbols)}`);
}

/** As the server writes it. */
function enumType(symbols: readonly string[]): string {
  return `Enum8(${symbols.map((symbol, number) => `'${symbol}' = ${number}`).join(', ')})`;
}
