import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { observationPoints, ownSide, positionOf, pointKind, roleAt } from '../schemas/observation-points.ts';
import { temporaryClickHouse } from './testing/temporary-clickhouse.ts';

interface SpanSchema {
  readonly fields: readonly { readonly name: string; readonly doc: string }[];
}

describe('observation points', () => {
  it('are those that the schema of spans names', () => {
    const schema = JSON.parse(
      readFileSync(new URL('../schemas/avro/span.avsc', import.meta.url), 'utf8'),
    ) as SpanSchema;
    const { doc } = schema.fields.find(({ name }) => name === 'observation_point')!;
    const named = doc.split(':')[0]!.split(/, | or /);
    expect(named.sort()).toEqual(observationPoints.map(({ name }) => name).sort());
  });

  it('of one call are passed from the client to the server', () => {
    const way = ['c-p', 'c', 'c-nd', 'c-gw', 'local', 's-gw', 's-nd', 's', 's-p'];
    expect([...way].reverse().sort((left, right) => positionOf(left) - positionOf(right))).toEqual(way);
  });

  it('that are not known are on the network in the middle, on neither side', () => {
    expect([roleAt('x-y'), positionOf('x-y'), pointKind('x-y'), roleAt(''), pointKind('')]).toEqual([
      'network',
      positionOf('rest'),
      'internal',
      'network',
      'internal',
    ]);
  });

  it('have the same kind of span and the same own side in the view for OpenTelemetry', async () => {
    const database = await temporaryClickHouse();
    const { clickHouse } = database;
    try {
      await clickHouse.execute(
        `INSERT INTO resource (kind, id, name, valid_from, version)
        VALUES ('host', 1, 'client', '2026-01-01 00:00:00', 1), ('host', 2, 'server', '2026-01-01 00:00:00', 1)`,
      );
      await clickHouse.execute('SYSTEM RELOAD DICTIONARY resource_now');
      await clickHouse.execute(
        `INSERT INTO spans (start_time, span_id, observation_point, client_host_id, server_host_id) VALUES
        ${observationPoints.map(({ name }, index) => `('2026-01-02 00:00:00', '${String(index).padStart(8, '0')}', '${name}', 1, 2)`).join()}`,
      );
      const rows = await clickHouse.select<{ name: string; kind: string; side: string }>(
        `SELECT SpanAttributes['spanloom.observation_point'] AS name, lower(SpanKind) AS kind, ResourceAttributes['host.name'] AS side
        FROM otel_traces ORDER BY SpanId`,
      );
      expect(rows).toEqual(
        observationPoints.map(({ name }) => ({
          name,
          kind: pointKind(name),
          side: ownSide({ observationPoint: name, client: 'client', server: 'server' }),
        })),
      );
    } finally {
      await database.remove();
    }
  });
});
