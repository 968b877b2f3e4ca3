import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import { openEmbeddedClickHouse } from '../../core/clickhouse/embedded.ts';
import { migrate } from '../../core/clickhouse/migrate.ts';
import { deliverToClickHouse } from '../deliver.ts';
import type { EventRange } from '../event-range.ts';
import { SinkStage } from '../stage.ts';
import type { ReceivedMessage } from '../../core/bus/bus.ts';

/** A real, empty database with the schema of this version. */
export interface TemporaryClickHouse {
  readonly clickHouse: ClickHouse;
  readonly directory: string;
  /** Stores messages as the sink does, in one batch. */
  store(...messages: readonly ReceivedMessage[]): Promise<void>;
  remove(): Promise<void>;
}

/** A stage whose batches wait for `drain`. */
export function newSinkStage(
  limits = { maxRows: 1e9, maxBytes: 1e12, maxAgeMs: 1e9 },
  range: EventRange = {},
): SinkStage {
  return new SinkStage(limits, { range });
}

/** Messages to rows to the database, in one batch. */
export async function storeMessages(clickHouse: ClickHouse, messages: readonly ReceivedMessage[]): Promise<void> {
  const stage = newSinkStage();
  const producer = { send: () => Promise.resolve(), close: () => Promise.resolve() };
  for (const message of messages) await deliverToClickHouse(stage.process(message, 0), { clickHouse, producer });
  await deliverToClickHouse(stage.drain(), { clickHouse, producer });
}

/** Opens a database in a directory of its own. */
export async function temporaryClickHouse(): Promise<TemporaryClickHouse> {
  const directory = mkdtempSync(join(tmpdir(), 'spanloom-clickhouse-'));
  const clickHouse = openEmbeddedClickHouse({ directory });
  await migrate(clickHouse);
  return {
    clickHouse,
    directory,
    store: (...messages) => storeMessages(clickHouse, messages),
    async remove() {
      await clickHouse.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
