/** Stores one batch of traces after the other and says so, until it is killed: `insert-forever.ts DIRECTORY FIRST`. */
import { openEmbeddedClickHouse } from '../../core/clickhouse/embedded.ts';
import { migrate } from '../../core/clickhouse/migrate.ts';
import { storeMessages } from './temporary-clickhouse.ts';
import { makeLoadTrace, traceMessage } from './traces.ts';

const [directory, first] = process.argv.slice(2);
const clickHouse = openEmbeddedClickHouse({ directory: directory! });
await migrate(clickHouse);
const tracesPerBatch = 200;
for (let batch = Number(first); ; batch++) {
  const messages = Array.from({ length: tracesPerBatch }, (_, index) => {
    const number = batch * tracesPerBatch + index;
    return traceMessage(makeLoadTrace(number), number);
  });
  process.stdout.write(`begin ${batch}\n`);
  await storeMessages(clickHouse, messages);
  process.stdout.write(`stored ${batch}\n`);
}
