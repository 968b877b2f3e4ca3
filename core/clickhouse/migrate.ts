/**
 * Brings a database to the schema of schemas/clickhouse: numbered files, each applied once and written down in
 * `schema_migration`. Statements are idempotent, so a migration that was cut short is simply run again. A migration
 * that was applied must not change afterwards; a change is a new file.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineError } from '../errors.ts';
import { projectFile } from '../project-files.ts';
import type { ClickHouse } from './clickhouse.ts';
import { integerLiteral, stringLiteral } from './sql-literal.ts';

/** One migration. */
export interface Migration {
  readonly number: number;
  /** File name without `.sql`. */
  readonly name: string;
  readonly sql: string;
}

/** Migrations that come with the package, in order. */
export function packagedMigrations(directory = projectFile('schemas', 'clickhouse')): readonly Migration[] {
  return readdirSync(directory)
    .filter((file) => /^\d{3}-.*\.sql$/.test(file))
    .sort()
    .map((file) => ({
      number: Number(file.slice(0, 3)),
      name: file.slice(0, -'.sql'.length),
      sql: readFileSync(join(directory, file), 'utf8'),
    }));
}

/** Statements end with a semicolon at the end of a line. */
function statementsOf(sql: string): readonly string[] {
  return sql
    .split(/;[ \t]*\r?\n|;\s*$/)
    .map((statement) => statement.trim())
    .filter((statement) => statement.replaceAll(/^\s*--.*$/gm, '').trim() !== '');
}

/** How a dictionary reads its table: as the user that made it. The embedded engine has one user only, without a password. */
function loginOf({ login }: ClickHouse): string {
  return login === undefined ? '' : `USER ${stringLiteral(login.user)} PASSWORD ${stringLiteral(login.password)} `;
}

/** A failed statement may be told in full, and then with the password in it. */
function withoutPassword(error: unknown, { login }: ClickHouse): unknown {
  if (!(error instanceof PipelineError) || login === undefined || login.password === '') return error;
  const secrets = [stringLiteral(login.password).slice(1, -1), login.password];
  const message = secrets.reduce((text, secret) => text.replaceAll(secret, '[HIDDEN]'), error.message);
  return message === error.message ? error : new PipelineError(error.code, message, { retryable: error.retryable });
}

const checksumOf = (sql: string): string => createHash('sha256').update(sql).digest('hex');

/**
 * Applies what is missing.
 *
 * @returns names of the migrations that were applied now
 * @throws PipelineError DESTINATION_REFUSED when an applied migration has another content, or the database is newer
 */
export async function migrate(
  clickHouse: ClickHouse,
  migrations: readonly Migration[] = packagedMigrations(),
): Promise<readonly string[]> {
  await clickHouse.execute(
    'CREATE TABLE IF NOT EXISTS schema_migration (number Int32, name String, checksum String, ' +
      'applied_at DateTime DEFAULT now()) ENGINE = ReplacingMergeTree(applied_at) ORDER BY number',
  );
  const rows = await clickHouse.select<{ number: number; name: string; checksum: string }>(
    'SELECT number, name, checksum FROM schema_migration FINAL ORDER BY number',
  );
  const applied = new Map(rows.map((row) => [row.number, row]));
  for (const row of rows) {
    const migration = migrations.find((candidate) => candidate.number === row.number);
    if (migration === undefined)
      throw new PipelineError(
        'DESTINATION_REFUSED',
        `The database has migration ${row.name}, which this version does not know: use the version that wrote it, or a newer one.`,
      );
    if (checksumOf(migration.sql) !== row.checksum)
      throw new PipelineError(
        'DESTINATION_REFUSED',
        `Migration ${migration.name} was applied with another content: an applied migration must not change.`,
      );
  }
  const missing = migrations.filter((migration) => !applied.has(migration.number));
  if (missing.length === 0) return [];
  const run = await statementRunner(clickHouse);
  for (const { number, name, sql } of missing) {
    for (const statement of statementsOf(sql)) await run(statement);
    await clickHouse.execute(
      `INSERT INTO schema_migration (number, name, checksum) VALUES ` +
        `(${integerLiteral(number)}, ${stringLiteral(name)}, ${stringLiteral(checksumOf(sql))})`,
    );
  }
  return missing.map((migration) => migration.name);
}

/**
 * Makes dictionaries read with the present login: the one they were made with may have another password by now. Nothing to
 * do in the embedded engine.
 */
export async function renewDictionaries(
  clickHouse: ClickHouse,
  migrations: readonly Migration[] = packagedMigrations(),
): Promise<void> {
  if (clickHouse.login === undefined) return;
  const run = await statementRunner(clickHouse);
  for (const { sql } of migrations)
    for (const statement of statementsOf(sql))
      if (/^CREATE OR REPLACE DICTIONARY /m.test(statement)) await run(statement);
}

const dictionarySource = 'SOURCE(CLICKHOUSE(';

/** Runs statements with the name of the database, and in dictionaries with a login: without one they would be `default`. */
async function statementRunner(clickHouse: ClickHouse): Promise<(statement: string) => Promise<void>> {
  const [current] = await clickHouse.select<{ name: string }>('SELECT currentDatabase() AS name');
  return async (statement) => {
    const filled = statement
      .replaceAll('{{database}}', current!.name)
      .replaceAll(dictionarySource, () => dictionarySource + loginOf(clickHouse));
    try {
      await clickHouse.execute(filled);
    } catch (error) {
      throw withoutPassword(error, clickHouse);
    }
  };
}
