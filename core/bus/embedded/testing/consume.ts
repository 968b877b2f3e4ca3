/** Joins a group and prints its assignment at every change. Arguments: directory, group. */
import { openEmbeddedBus } from '../embedded-bus.ts';

const bus = openEmbeddedBus({ directory: process.argv[2]! });
const consumer = await bus.consumer({ group: process.argv[3]!, topics: ['numbers'] });
const assigned = new Set<number>();
for (;;) {
  const { rebalance } = await consumer.poll({ maxWaitMs: 200, maxBytes: 1_000_000 });
  if (rebalance === undefined) continue;
  for (const { partition } of rebalance.revoked) assigned.delete(partition);
  for (const { partition } of rebalance.assigned) assigned.add(partition);
  process.stdout.write(`${[...assigned].sort().join(',')}\n`);
}
