/**
 * Stores one batch of traces and flows after the other until it is killed: `insert-forever.ts DIRECTORY FIRST`. It prints
 * `insert TABLE NUMBER` when it begins to store rows of a batch, and `stored NUMBER` when all of the batch is stored.
 */
import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import { openEmbeddedClickHouse } from '../../core/clickhouse/embedded.ts';
import { migrate } from '../../core/clickhouse/migrate.ts';
import { loadBatch } from './load-batch.ts';
import { storeMessages } from './temporary-clickhouse.ts';

const [directory, first] = process.argv.slice(2);
const clickHouse = openEmbeddedClickHouse({ directory: directory! });
await migrate(clickHouse);
for (let number = Number(first); ; number++) {
  const announcing: ClickHouse = {
    insert(rows) {
      process.stdout.write(`insert ${rows.table} ${number}\n`);
      return clickHouse.insert(rows);
    },
    select: (sql, options) => clickHouse.select(sql, options),
    ping: () => clickHouse.ping(),
    execute: (sql) => clickHouse.execute(sql),
    close: () => clickHouse.close(),
  };
  await storeMessages(announcing, loadBatch(number));
  process.stdout.write(`stored ${number}\n`);
}
