/** The SQL files that come with the package, in schemas/clickhouse. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFile } from '../project-files.ts';

/** One step that changes tables. Applied once to each database, and never changed afterwards. */
export interface Migration {
  readonly number: number;
  /** File name without `.sql`. */
  readonly name: string;
  readonly sql: string;
}

/** Dictionaries, functions or views, recreated when the text differs from what was applied last. */
export interface DerivedFile {
  /** File name without `.sql`. */
  readonly name: string;
  readonly sql: string;
}

/** What a database is brought to. */
export interface SchemaFiles {
  /** By number. */
  readonly migrations: readonly Migration[];
  /** In the order in which they are made: later ones may use what earlier ones make. */
  readonly derived: readonly DerivedFile[];
}

/** Reads the files of the package, or of another directory of the same shape. */
export function packagedSchema(directory = projectFile('schemas', 'clickhouse')): SchemaFiles {
  return {
    migrations: sqlFiles(directory, /^\d{3}-.*\.sql$/).map(({ name, sql }) => ({
      number: Number(name.slice(0, 3)),
      name,
      sql,
    })),
    derived: sqlFiles(join(directory, 'derived'), /^\d-.*\.sql$/),
  };
}

function sqlFiles(directory: string, pattern: RegExp): readonly DerivedFile[] {
  return readdirSync(directory)
    .filter((file) => pattern.test(file))
    .sort()
    .map((file) => ({ name: file.slice(0, -'.sql'.length), sql: readFileSync(join(directory, file), 'utf8') }));
}

/** Statements of a file. Each ends with a semicolon at the end of a line. */
export function statementsOf(sql: string): readonly string[] {
  return sql
    .split(/;[ \t]*\r?\n|;\s*$/)
    .map((statement) => statement.trim())
    .filter((statement) => statement.replaceAll(/^\s*--.*$/gm, '').trim() !== '');
}

/** SHA-256 of a text, in hexadecimal digits. */
export const checksumOf = (sql: string): string => createHash('sha256').update(sql).digest('hex');

/** Checksums under which a migration may have been applied: its own, and those in its lines `-- formerly CHECKSUM`. */
export function knownChecksums(sql: string): ReadonlySet<string> {
  return new Set([checksumOf(sql), ...[...sql.matchAll(/^-- formerly ([0-9a-f]{64})$/gm)].map((match) => match[1]!)]);
}
