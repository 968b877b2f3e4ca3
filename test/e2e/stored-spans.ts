import { openEmbeddedClickHouse } from '../../core/clickhouse/embedded.ts';
import { clickHouseDirectory } from '../../core/clickhouse/config.ts';

/** How often each span is stored, by its id. */
export async function storedSpans(dataDirectory: string): Promise<ReadonlyMap<string, number>> {
  const clickHouse = openEmbeddedClickHouse({ directory: clickHouseDirectory(dataDirectory) });
  try {
    const rows = await clickHouse.select<{ id: string; count: number | string }>(
      'SELECT lower(hex(span_id)) AS id, count() AS count FROM spans FINAL GROUP BY span_id',
    );
    return new Map(rows.map(({ id, count }) => [id, Number(count)]));
  } finally {
    await clickHouse.close();
  }
}
