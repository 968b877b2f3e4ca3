import { type RunningServer, startMariadb, startPostgres, startRedis } from '../../protocols/testing/real-servers.ts';
import type { Database } from './stack.ts';

const starters: Readonly<Record<Database, () => Promise<RunningServer>>> = {
  redis: async () => startRedis(),
  postgres: async () => startPostgres(),
  mariadb: async () =>
    startMariadb([
      'create database shop',
      "create user joe@'%' identified via mysql_native_password using password('pass')",
      "grant all on *.* to joe@'%'",
    ]),
};

/** Programs that each database takes. */
export const databasePrograms: Readonly<Record<Database, readonly string[]>> = {
  redis: ['redis-server'],
  postgres: ['postgres', 'initdb', 'psql'],
  mariadb: ['mariadbd', 'mariadb-install-db'],
};

/** The databases that gateways query: each is started when it is first needed, and serves until the end. */
export class Databases {
  readonly #running = new Map<Database, Promise<RunningServer>>();

  /** Port of a database that serves. */
  async port(database: Database): Promise<number> {
    const running = this.#running.get(database) ?? starters[database]();
    this.#running.set(database, running);
    return (await running).port;
  }

  /** Ends them, and removes their data. */
  async stop(): Promise<void> {
    const started = await Promise.allSettled(this.#running.values());
    this.#running.clear();
    await Promise.all(started.map(async (one) => (one.status === 'fulfilled' ? one.value.stop() : undefined)));
  }
}
