/**
 * Brings a database to the schema of schemas/clickhouse.
 *
 * Migrations (`NNN-name.sql`) change tables. Each is applied once and noted in table `schema_migration`; one that was
 * applied must not change afterwards. Dictionaries, functions and views hold no data: the files in `derived/` are applied
 * again whenever their text has changed, or a table has (`SELECT *` of a view is resolved when it is made): by a migration,
 * or by a symbol that its Avro enum got (enum-columns.ts). Table `schema_derived` notes the checksum of each. All statements
 * are idempotent: what was cut short is run again.
 */
import { PipelineError } from '../errors.ts';
import type { ClickHouse } from './clickhouse.ts';
import { enumColumns, narrowEnumColumns, widenEnumColumn } from './enum-columns.ts';
import {
  checksumOf,
  type DerivedFile,
  knownChecksums,
  type Migration,
  packagedSchema,
  type SchemaFiles,
  statementsOf,
} from './schema-files.ts';
import { integerLiteral, stringLiteral } from './sql-literal.ts';

/** How a dictionary reads its table: as the user that made it. The embedded engine has one user only, without a password. */
function loginOf({ login }: ClickHouse): string {
  return login === undefined ? '' : `USER ${stringLiteral(login.user)} PASSWORD ${stringLiteral(login.password)} `;
}

/** An error may quote the failed statement, and with it the password. */
function withoutPassword(error: unknown, { login }: ClickHouse): unknown {
  if (!(error instanceof PipelineError) || login === undefined || login.password === '') return error;
  const secrets = [stringLiteral(login.password).slice(1, -1), login.password];
  const message = secrets.reduce((text, secret) => text.replaceAll(secret, '[HIDDEN]'), error.message);
  return message === error.message ? error : new PipelineError(error.code, message, { retryable: error.retryable });
}

/**
 * Applies what is missing.
 *
 * @param columns those that follow an Avro enum; a version before them had none
 * @returns names of the files that were applied now, in that order
 * @throws PipelineError DESTINATION_REFUSED when an applied migration has another content, or the database is newer
 */
export async function migrate(
  clickHouse: ClickHouse,
  { migrations, derived }: SchemaFiles = packagedSchema(),
  columns = enumColumns,
): Promise<readonly string[]> {
  const missing = await missingMigrations(clickHouse, migrations);
  const stale = await staleDerived(clickHouse, derived);
  if (missing.length > 0) await forgetDerived(clickHouse, derived);
  const run = await statementRunner(clickHouse);
  for (const { number, name, sql } of missing) {
    for (const statement of statementsOf(sql)) await run(statement);
    await clickHouse.execute(
      `INSERT INTO schema_migration (number, name, checksum) VALUES ` +
        `(${integerLiteral(number)}, ${stringLiteral(name)}, ${stringLiteral(checksumOf(sql))})`,
    );
  }
  const narrow = await narrowEnumColumns(clickHouse, columns);
  if (narrow.length > 0) await forgetDerived(clickHouse, derived);
  for (const column of narrow) await widenEnumColumn(clickHouse, column);
  const toDerive = missing.length > 0 || narrow.length > 0 ? derived : stale;
  for (const { name, sql } of toDerive) {
    for (const statement of statementsOf(sql)) await run(statement);
    await clickHouse.execute(
      `INSERT INTO schema_derived (name, checksum) VALUES (${stringLiteral(name)}, ${stringLiteral(checksumOf(sql))})`,
    );
  }
  return [...missing, ...toDerive].map(({ name }) => name);
}

async function missingMigrations(
  clickHouse: ClickHouse,
  migrations: readonly Migration[],
): Promise<readonly Migration[]> {
  await clickHouse.execute(
    'CREATE TABLE IF NOT EXISTS schema_migration (number Int32, name String, checksum String, ' +
      'applied_at DateTime DEFAULT now()) ENGINE = ReplacingMergeTree(applied_at) ORDER BY number',
  );
  const rows = await clickHouse.select<{ number: number; name: string; checksum: string }>(
    'SELECT number, name, checksum FROM schema_migration FINAL ORDER BY number',
  );
  for (const row of rows) {
    const migration = migrations.find((candidate) => candidate.number === row.number);
    if (migration === undefined)
      throw new PipelineError(
        'DESTINATION_REFUSED',
        `The database has migration ${row.name}, which this version does not know: use the version that wrote it, or a newer one.`,
      );
    if (!knownChecksums(migration.sql).has(row.checksum))
      throw new PipelineError(
        'DESTINATION_REFUSED',
        `Migration ${migration.name} was applied with another content: an applied migration must not change.`,
      );
  }
  const applied = new Set(rows.map(({ number }) => number));
  return migrations.filter(({ number }) => !applied.has(number));
}

async function staleDerived(clickHouse: ClickHouse, derived: readonly DerivedFile[]): Promise<readonly DerivedFile[]> {
  await clickHouse.execute(
    'CREATE TABLE IF NOT EXISTS schema_derived (name String, checksum String, ' +
      'applied_at DateTime64(6) DEFAULT now64(6)) ENGINE = ReplacingMergeTree(applied_at) ORDER BY name',
  );
  const rows = await clickHouse.select<{ name: string; checksum: string }>(
    'SELECT name, checksum FROM schema_derived FINAL',
  );
  const checksums = new Map(rows.map(({ name, checksum }) => [name, checksum]));
  return derived.filter(({ name, sql }) => checksums.get(name) !== checksumOf(sql));
}

/** Before tables change: if the rest is interrupted, the next start recreates everything that depends on them. */
async function forgetDerived(clickHouse: ClickHouse, derived: readonly DerivedFile[]): Promise<void> {
  if (derived.length === 0) return;
  const rows = derived.map(({ name }) => `(${stringLiteral(name)}, '')`);
  await clickHouse.execute(`INSERT INTO schema_derived (name, checksum) VALUES ${rows.join(', ')}`);
}

/**
 * Makes dictionaries read with the present login: the one they were made with may have another password by now. Nothing to
 * do in the embedded engine.
 */
export async function renewDictionaries(
  clickHouse: ClickHouse,
  { derived }: Pick<SchemaFiles, 'derived'> = packagedSchema(),
): Promise<void> {
  if (clickHouse.login === undefined) return;
  const run = await statementRunner(clickHouse);
  for (const { sql } of derived)
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
