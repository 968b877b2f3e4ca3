/** Traces in outline and single spans: from the real engine, through the API. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SpanAnswer } from '../../query/ui/trace/detail/use-span.ts';
import { readOutline, type ReadOutline } from '../../query/ui/trace/model/read-outline.ts';
import { positionOf, spanIdAt } from '../../query/ui/trace/model/span-ids.ts';
import { traceModel } from '../../query/ui/trace/model/trace-model.ts';
import { boundedReader } from '../../query/store/read-limits.ts';
import { readOutline as storedOutline } from '../../query/store/trace-outline.ts';
import { type TraceRow, traceRowsWithIdsSql } from '../../query/store/trace-sql.ts';
import { defaultReadLimits } from '../../query/config.ts';
import { TraceChangedError } from '../../query/store/trace-store.ts';
import { shopMessages, shopTrace } from '../interop/shop-traces.ts';
import { type StoredApi, storedApi } from '../interop/stored-api.ts';
import { storeLargeTrace } from './stored-large-trace.ts';

const large = 'ab'.repeat(16);
const tooLarge = 'cd'.repeat(16);

let api: StoredApi;
beforeAll(async () => {
  api = await storedApi(shopMessages(2));
  await storeLargeTrace(api.database.clickHouse, large, 250_000);
  await storeLargeTrace(api.database.clickHouse, tooLarge, 250_011);
}, 180_000);
afterAll(() => api.close());

async function outlineOf(id: string): Promise<ReadOutline> {
  const response = await api.get(`/api/traces/${id}/outline`);
  expect(response.status).toBe(200);
  return readOutline(response.body!.pipeThrough(new TextDecoderStream()));
}

describe('the outline of a trace', () => {
  it('has of each span what the whole trace has', async () => {
    const { traceId, spans } = shopTrace(1);
    const { head, columns } = await outlineOf(traceId);
    const whole = (await api.json(`/api/traces/${traceId}`)) as {
      readonly spans: readonly Readonly<Record<string, string | number>>[];
    };
    expect(head).toMatchObject({ trace_id: traceId, left_out: 0 });
    expect(columns.count).toBe(spans.length);
    const text = (column: Uint32Array, at: number): string => columns.texts[column[at]!]!;
    for (const span of whole.spans) {
      const at = positionOf(columns.ids, String(span['span_id']));
      expect({
        parent: spanIdAt(columns.parentIds, at),
        start: String(columns.startNs[at]),
        duration: columns.durationNs[at],
        service: text(columns.service, at),
        server: text(columns.server, at),
        point: text(columns.point, at),
        status: text(columns.status, at),
        reason: text(columns.reason, at),
        code: columns.code[at],
      }).toEqual({
        parent: String(span['parent_span_id']).padStart(16, '0'),
        start: span['start_time_ns'],
        duration: span['duration_ns'],
        service: span['service_name'],
        server: span['server_service_name'] === '' ? '10.0.0.9:5432' : span['server_service_name'],
        point: span['observation_point'],
        status: span['status'],
        reason: span['reason'],
        code: span['response_code'],
      });
    }
  });

  it('of 250,000 spans comes whole, page by page, as one tree', async () => {
    const { head, columns } = await outlineOf(large);
    expect(head.left_out).toBe(0);
    expect(columns.count).toBe(250_000);
    const { calls, tree } = traceModel(head, columns);
    expect(calls.roots).toHaveLength(1);
    expect(tree.order).toHaveLength(250_000);
    expect(calls.head.reduce((count, at, span) => count + Number(at === span), 0)).toBe(41_668);
  });

  it('of more spans says how many it lacks', async () => {
    const { head, columns } = await outlineOf(tooLarge);
    expect([columns.count, head.left_out]).toEqual([250_000, 11]);
  });

  it('of a trace that changes between two pages is refused', async () => {
    const reader = boundedReader(api.database.clickHouse, defaultReadLimits, undefined);
    const [row] = await reader.select<TraceRow>(traceRowsWithIdsSql([tooLarge]));
    const pages = storedOutline(reader, { ...row!, revision: row!.revision - 1 });
    await expect(
      (async () => {
        while ((await pages.next()).done !== true);
      })(),
    ).rejects.toThrow(TraceChangedError);
  });

  it('is refused of what is no trace', async () => {
    expect((await api.get(`/api/traces/${'c'.repeat(31)}0/outline`)).status).toBe(404);
    expect((await api.get('/api/traces/nothing/outline')).status).toBe(400);
  });
});

describe('one span', () => {
  it('has all of its fields, and what its sides are called then and now', async () => {
    const { traceId, spans } = shopTrace(1);
    const { head } = await outlineOf(traceId);
    const tagged = spans.find(({ server }) => server.podId !== 0)!;
    const { span, server_resources: resources } = (await api.json(
      `/api/traces/${head.stored_trace_id}/spans/${tagged.spanId}`,
    )) as SpanAnswer;
    expect(span).toMatchObject({ span_id: tagged.spanId, start_time_ns: String(tagged.startTimeNs) });
    const pod = resources.find(({ kind }) => kind === 'pod')!;
    expect(pod).toMatchObject({ id: tagged.server.podId, name: span.server_names!['pod'], removed_ns: '' });
    const { clickHouse } = api.database;
    const version = (name: string, from: bigint, to: bigint, labels: string): Promise<void> =>
      clickHouse.execute(
        `INSERT INTO resource (kind, id, uid, name, labels, valid_from, valid_to, version) VALUES ('pod', ${tagged.server.podId}, 'u', '${name}', ${labels},
         fromUnixTimestamp64Nano(${from}), fromUnixTimestamp64Nano(${to}), 9000000000000)`,
      );
    const laterNs = tagged.startTimeNs + 60_000_000_000n;
    await version('renamed', laterNs, laterNs + 1_000n, `map('app', 'other')`);
    const again = (await api.json(`/api/traces/${head.stored_trace_id}/spans/${tagged.spanId}`)) as SpanAnswer;
    expect(again.server_resources.find(({ kind }) => kind === 'pod')).toMatchObject({
      name: pod.name,
      name_now: 'renamed',
      labels: pod.labels,
      labels_now: { app: 'other' },
      removed_ns: String(laterNs + 1_000n),
    });
  });

  it('that the trace does not have, or that is none, is refused', async () => {
    const { traceId } = shopTrace(1);
    const { head } = await outlineOf(traceId);
    expect((await api.get(`/api/traces/${head.stored_trace_id}/spans/${'9'.repeat(16)}`)).status).toBe(404);
    expect((await api.get(`/api/traces/${head.stored_trace_id}/spans/x`)).status).toBe(400);
    expect((await api.get(`/api/traces/${'9'.repeat(32)}/spans/${'9'.repeat(16)}`)).status).toBe(404);
  });
});
