import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Child } from '../child.ts';
import { findProgram } from '../find-program.ts';
import { giveToUnprivileged, unprivileged } from '../unprivileged.ts';
import { startStore, storeFolder, type StorePlace } from './store.ts';

/** A running SQL server with the shop's table in it. */
export interface SqlStore {
  readonly kind: 'mysql' | 'postgresql';
  readonly child: Child;
}

const execute = promisify(execFile);
const productCount = 200;

/** Starts MariaDB, else PostgreSQL; undefined when neither is installed. */
export async function startSql(place: StorePlace): Promise<SqlStore | undefined> {
  return (await startMariadb(place)) ?? (await startPostgresql(place));
}

/** The shop's products: SKU-0001 to SKU-0200 at 10 to 2000 cents. One statement a line, as MariaDB's init file wants. */
function products(): string {
  const rows = Array.from({ length: productCount }, (_, index) => {
    return `('SKU-${String(index + 1).padStart(4, '0')}', ${(index + 1) * 10})`;
  });
  return `INSERT INTO price VALUES ${rows.join(', ')};\n`;
}

const table = 'CREATE TABLE price (sku VARCHAR(16) PRIMARY KEY, cents INT NOT NULL);\n';

/** An empty folder is enough: without grant tables the server needs no system database and is up in a moment. */
async function startMariadb(place: StorePlace): Promise<SqlStore | undefined> {
  const program = findProgram('mariadbd', 'mysqld');
  if (program === undefined) return undefined;
  const folder = storeFolder(place, 'mariadb');
  const initFile = join(folder, 'shop.sql');
  writeFileSync(initFile, `CREATE DATABASE shop;\nUSE shop;\n${table}${products()}`);
  giveToUnprivileged(initFile);
  const data = storeFolder(place, 'mariadb/data');
  const child = await startStore('mariadb', place, program, [
    '--no-defaults',
    '--skip-grant-tables',
    '--skip-log-bin',
    '--skip-name-resolve',
    `--datadir=${data}`,
    `--tmpdir=${folder}`,
    `--socket=${join(folder, 'socket')}`,
    `--pid-file=${join(folder, 'pid')}`,
    `--init-file=${initFile}`,
    '--innodb-buffer-pool-size=16M',
    '--innodb-log-file-size=8M',
    '--skip-networking=0',
    '--bind-address=127.0.0.1',
    `--port=${place.port}`,
  ]);
  return { kind: 'mysql', child };
}

async function startPostgresql(place: StorePlace): Promise<SqlStore | undefined> {
  const program = findProgram('postgres');
  const initialise = findProgram('initdb');
  if (program === undefined || initialise === undefined) return undefined;
  const data = storeFolder(place, 'postgresql');
  const create = unprivileged(initialise, [
    '-D',
    data,
    '-U',
    'pricing',
    '--auth=trust',
    '--no-sync',
    '--encoding=UTF8',
  ]);
  await execute(create.command, create.args, { cwd: data });
  const fill = unprivileged(program, ['--single', '-D', data, 'postgres']);
  await runSingle(fill.command, fill.args, data, 'CREATE DATABASE shop;\n');
  const fillShop = unprivileged(program, ['--single', '-D', data, 'shop']);
  await runSingle(fillShop.command, fillShop.args, data, `${table}${products()}`);
  const child = await startStore('postgresql', place, program, [
    ...['-D', data, '-h', '127.0.0.1', '-p', String(place.port), '-k', data],
    ...['-c', 'fsync=off', '-c', 'shared_buffers=16MB'],
  ]);
  return { kind: 'postgresql', child };
}

/** PostgreSQL's single-user mode reads statements, one a line, from standard input. */
async function runSingle(command: string, args: readonly string[], cwd: string, statements: string): Promise<void> {
  const running = execute(command, args, { cwd });
  running.child.stdin?.end(statements);
  await running;
}
