/**
 * ClickHouse in this process (chdb). The engine holds one data directory a process and locks it; several connections of
 * one process share it. Queries run on the engine's own threads and do not block the event loop.
 *
 * Rows reach it through a file beside the data, because the engine's own insert accepts text formats only. The file is removed
 * after the insert; the next start removes files that a kill left behind.
 */
import { accessSync, constants, readdirSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { Session } from 'chdb';
import { createChdbConnection } from 'chdb/connection';
import { PipelineError } from '../errors.ts';
import { makeDirectory } from '../files/make-directory.ts';
import { makePrivateDirectory, requireOwn } from '../files/private-directory.ts';
import type { ClickHouse, RowInsert } from './clickhouse.ts';
import { clientClickHouse } from './client-clickhouse.ts';
import { restoreDefaultSignals } from './default-signals.ts';
import { directoryOwner } from './directory-owner.ts';
import { selectOrKill } from './select-or-kill.ts';
import { exclusiveClients } from './client-pool.ts';
import { nameLiteral, stringLiteral } from './sql-literal.ts';

/** Where the data is and how much of the machine the engine may take. */
export interface EmbeddedClickHouseOptions {
  /** Created when missing. */
  readonly directory: string;
  /** Memory above which the engine refuses queries, in bytes. Default 1 GiB. */
  readonly maxMemoryBytes?: number;
  /** Threads that merge parts in the background. Default: half of the cores, 1 to 4. */
  readonly mergeThreads?: number;
}

/** The engine of this process. It stays open while a connection uses it: the session keeps its settings. */
interface Engine {
  readonly directory: string;
  readonly session: Session;
  users: number;
}
type ClientConnection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>['connection']>;

let engine: Engine | undefined;
let fileCount = 0;

/** With the one that writes, one less than Node's pool has threads: see client-pool.ts. The last is for what takes no time. */
const readerCount = 2;
const cacheBytes = 32 * 1024 * 1024;
const smallCacheBytes = 8 * 1024 * 1024;

function defaultMergeThreads(): number {
  return Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2)));
}

function serverArguments(options: EmbeddedClickHouseOptions): string[] {
  return [
    `--max_server_memory_usage=${options.maxMemoryBytes ?? 1024 ** 3}`,
    `--background_pool_size=${options.mergeThreads ?? defaultMergeThreads()}`,
    '--background_merges_mutations_concurrency_ratio=1',
    // Its own memory counts against the limit, not that of everything else in this process and its control group.
    '--memory_worker_use_cgroup=0',
    '--memory_worker_period_ms=1000',
    `--mark_cache_size=${cacheBytes}`,
    `--primary_index_cache_size=${cacheBytes}`,
    `--index_mark_cache_size=${smallCacheBytes}`,
    `--query_condition_cache_size=${smallCacheBytes}`,
    `--compiled_expression_cache_size=${smallCacheBytes}`,
    '--max_thread_pool_size=200',
  ];
}

/** Names that the engine gives; `status` is there while it runs. */
const isDatabase = (names: readonly string[]): boolean =>
  names.length === 0 || ['status', 'store', 'metadata'].some((name) => names.includes(name));

function insertDirectory(directory: string): string {
  return join(directory, 'insert');
}

function startEngine(options: EmbeddedClickHouseOptions): Engine {
  const directory = resolve(options.directory);
  if (engine !== undefined) {
    if (engine.directory === directory) return engine;
    throw new PipelineError(
      'ENVIRONMENT_UNSUPPORTED',
      `This process has the data in ${engine.directory} open; the embedded ClickHouse opens one directory a process.`,
    );
  }
  const owner = directoryOwner(directory);
  if (owner !== undefined) throw inUse(directory, owner);
  try {
    requireOwn(dirname(directory));
    makePrivateDirectory(directory, isDatabase);
    requireRights(directory);
    const session = openSession(directory, options);
    rmSync(insertDirectory(directory), { recursive: true, force: true });
    makeDirectory(insertDirectory(directory));
    return (engine = { directory, session, users: 0 });
  } catch (error) {
    const late = directoryOwner(directory);
    if (late !== undefined) throw inUse(directory, late);
    if (error instanceof PipelineError) throw error;
    throw new PipelineError(
      'FILE_CORRUPT',
      // The engine writes its reason to standard error by itself, and gives us none.
      `The database in ${directory} cannot be opened: it is damaged, or of another version of ClickHouse.`,
      { cause: error },
    );
  }
}

function openSession(directory: string, options: EmbeddedClickHouseOptions): Session {
  try {
    return new Session(directory, { connectionArgs: serverArguments(options) });
  } finally {
    restoreDefaultSignals();
  }
}

/** The engine meets what it may not read or write with a page of text of its own. */
function requireRights(directory: string): void {
  for (const name of readdirSync(directory)) {
    try {
      accessSync(join(directory, name), constants.R_OK | constants.W_OK);
    } catch {
      const text = `The database in ${directory} may not be read and written by this user.`;
      throw new PipelineError('ENVIRONMENT_UNSUPPORTED', text);
    }
  }
}

function inUse(directory: string, owner: number): PipelineError {
  return new PipelineError(
    'DESTINATION_UNAVAILABLE',
    `The data in ${directory} is open in process ${owner}: stop that process, or ask it through its HTTP API.`,
  );
}

function release(used: Engine): void {
  used.users--;
  if (used.users > 0) return;
  used.session.close();
  if (engine === used) engine = undefined;
}

async function insertFromFile(
  directory: string,
  { table, columns, rows }: RowInsert,
  run: (sql: string) => Promise<unknown>,
): Promise<void> {
  const path = join(insertDirectory(directory), `${table}-${process.pid}-${fileCount++}.bin`);
  const names = columns.map((column) => nameLiteral(column.name)).join(', ');
  // Plain types here and a conversion on the way in: reading into LowCardinality directly takes twice as long.
  const structure = columns.map((column) => `${nameLiteral(column.name)} ${column.type}`).join(', ');
  try {
    await writeFile(path, rows, { flag: 'wx', mode: 0o600 });
    await run(
      `INSERT INTO ${nameLiteral(table)} (${names}) ` +
        `SELECT * FROM file(${stringLiteral(path)}, 'RowBinary', ${stringLiteral(structure)}) ` +
        // One thread is faster than two here. Replaced rows go when parts merge, and FINAL hides them until then.
        'SETTINGS max_threads = 1, max_insert_threads = 1, optimize_on_insert = 0, max_partitions_per_insert_block = 0',
    );
  } finally {
    await rm(path, { force: true });
  }
}

/**
 * Opens the database in a directory, with connections of its own: one to write, others to read. Later openings in the
 * same process share the engine, whose limits are those of the first one.
 *
 * @throws PipelineError DESTINATION_UNAVAILABLE when another process has it open, FILE_CORRUPT when it cannot be read
 */
export function openEmbeddedClickHouse(options: EmbeddedClickHouseOptions): ClickHouse {
  const used = startEngine(options);
  used.users++;
  const connect = (): ClickHouseClient => {
    const connection = createChdbConnection({ path: used.directory });
    // Both packages have the same interface, in copies that the compiler treats as different types.
    return createClient({
      connection: connection as unknown as ClientConnection,
      log: { level: ClickHouseLogLevel.OFF },
    });
  };
  try {
    const control = exclusiveClients([connect()]);
    return clientClickHouse({
      location: used.directory,
      writers: exclusiveClients([connect()]),
      readers: exclusiveClients(Array.from({ length: readerCount }, connect)),
      control,
      select: (client, query, signal) => selectOrKill(client, query, signal, control),
      insert: (client, insert) => insertFromFile(used.directory, insert, (query) => client.command({ query })),
      closed: () => release(used),
    });
  } catch (error) {
    release(used);
    throw error;
  }
}
