/** Jaeger's APIs over the real engine, against what Jaeger itself answered about the same traces (record-jaeger.ts). */
import { readFileSync } from 'node:fs';
import { epochNs } from '../../schemas/testing/a-span.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jaegerPaths, recordedTraces } from './jaeger-paths.ts';
import { shopMessages, shopTrace } from './shop-traces.ts';
import { type StoredApi, storedApi } from './stored-api.ts';

let api: StoredApi;
beforeAll(async () => {
  api = await storedApi(shopMessages(recordedTraces));
});
afterAll(() => api.close());

interface Recorded {
  readonly status: number;
  readonly body: unknown;
}
const recorded = JSON.parse(readFileSync(new URL('jaeger-answers.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, Recorded>
>;

interface Named {
  readonly [name: string]: unknown;
}

/**
 * An answer without what may differ: the words of an error, the order of traces and of spans, ids of processes, and what
 * Jaeger finds about the clocks of spans.
 */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable).sort(byText);
  if (typeof value !== 'object' || value === null) return value;
  const { spans, processes, message, ...rest } = value as Named;
  const others = Object.fromEntries(
    Object.entries(rest)
      .filter(([name]) => !['warnings', 'msg'].includes(name))
      .map(([name, inner]) => [name, comparable(inner)]),
  );
  if (!Array.isArray(spans) || processes === undefined)
    return {
      ...others,
      ...(spans === undefined ? {} : { spans: comparable(spans) }),
      ...('httpCode' in others ? {} : { message }),
    };
  const withProcess = (spans as readonly Named[]).map(({ processID, ...span }) =>
    comparable({ ...span, process: (processes as Named)[String(processID)] }),
  );
  return { ...others, spans: withProcess.sort(byText) };
}
const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
/** Each span by itself: how many resources stand in which order is free. */
function spansOf(body: unknown): readonly string[] {
  const { result } = body as {
    result?: { resourceSpans: readonly { resource: unknown; scopeSpans: readonly { spans: readonly unknown[] }[] }[] };
  };
  return (result?.resourceSpans ?? [])
    .flatMap(({ resource, scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) => spans.map((span) => JSON.stringify(comparable({ resource, span })))),
    )
    .sort();
}

describe('what Jaeger answers, spanloom answers', () => {
  it.each(jaegerPaths)('%s', async (path) => {
    const response = await api.get(`/jaeger${path}`);
    const body: unknown = await response.json();
    expect(response.status).toBe(recorded[path]!.status);
    if (path.startsWith('/api/v3/traces') && response.status === 200)
      expect(spansOf(body)).toEqual(spansOf(recorded[path]!.body));
    else expect(comparable(body)).toEqual(comparable(recorded[path]!.body));
  });
});

const idsOf = async (path: string): Promise<readonly string[]> =>
  ((await api.json(path)) as { data: readonly { traceID: string }[] }).data.map(({ traceID }) => traceID);

describe('what Jaeger answers only with some of its databases', () => {
  it('is found by tags that follow from a span: error and kind', async () => {
    const failed = encodeURIComponent('{"error":"true"}');
    expect(await idsOf(`/jaeger/api/traces?service=cart&tags=${failed}`)).toEqual([shopTrace(3).traceId]);
    expect(await idsOf('/jaeger/api/traces?service=cart&tag=span.kind:server')).toEqual([]);
    expect(await idsOf('/jaeger/api/traces?service=prices&tag=span.kind:server')).toHaveLength(recordedTraces);
  });

  it('is a graph of who calls whom', async () => {
    const endTs = Number(epochNs / 1_000_000n) + 60_000;
    expect(await api.json(`/jaeger/api/dependencies?endTs=${endTs}&lookback=3600000`)).toMatchObject({
      data: [{ parent: 'cart', child: 'prices', callCount: recordedTraces }],
    });
    expect((await api.get('/jaeger/api/dependencies?endTs=now')).status).toBe(400);
  });

  it('is a list of traces with the spans of each service', async () => {
    const range = 'query.startTimeMin=2025-10-09T08:00:00Z&query.startTimeMax=2025-10-09T09:30:00Z';
    const { summaries } = (await api.json(`/jaeger/api/v3/trace-summaries?query.serviceName=prices&${range}`)) as {
      summaries: readonly unknown[];
    };
    expect(summaries).toHaveLength(recordedTraces);
    const startNs = epochNs + 3_000_000_000n;
    expect(summaries[0]).toEqual({
      traceId: shopTrace(3).traceId,
      rootServiceName: 'gateway',
      rootOperationName: 'GET /api/orders/{}',
      minStartTimeUnixNano: String(startNs),
      maxEndTimeUnixNano: String(startNs + 250_000_000n),
      spanCount: 4,
      errorSpanCount: 2,
      services: [
        { name: 'cart', spanCount: 2, errorSpanCount: 1 },
        { name: 'gateway', spanCount: 1, errorSpanCount: 0 },
        { name: 'prices', spanCount: 1, errorSpanCount: 1 },
      ],
    });
  });

  it('refuses what it cannot search, in words', async () => {
    const wrong = [
      'tags={"colour":"red"}',
      'tags=[1]',
      'tag=nothing',
      'limit=many',
      'start=yesterday',
      'traceID=zz',
      `tags=${encodeURIComponent(JSON.stringify(Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`a${n}`, '']))))}`,
    ];
    for (const parameters of wrong) {
      const response = await api.get(`/jaeger/api/traces?service=cart&${parameters}`);
      expect([parameters, response.status]).toEqual([parameters, 400]);
      expect(await response.json()).toMatchObject({ data: null, errors: [{ code: 400 }] });
    }
  });
});
