/** Tempo's API over the real engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeSpans } from '../../opentelemetry/testing/otlp-messages.ts';
import { visibleSpans } from '../../opentelemetry/visible-spans.ts';
import { epochNs } from '../../schemas/testing/a-span.ts';
import { shopMessages, shopTrace } from './shop-traces.ts';
import { type StoredApi, storedApi } from './stored-api.ts';

const traces = 6;
let api: StoredApi;
beforeAll(async () => {
  api = await storedApi(shopMessages(traces));
});
afterAll(() => api.close());

interface Found {
  readonly traces: readonly { readonly traceID: string; readonly spanSets: readonly { readonly matched: number }[] }[];
}
const search = async (q: string, more = ''): Promise<Found> =>
  (await api.json(`/tempo/api/search?q=${encodeURIComponent(q)}${more}`)) as Found;
const numbersOf = ({ traces: found }: Found): readonly number[] =>
  found.map(({ traceID }) => Number.parseInt(traceID.slice(-2).replace('a', ''), 16));
const all = [6, 5, 4, 3, 2, 1];

describe('a search in TraceQL', () => {
  it.each([
    ['{}', all],
    ['', all],
    ['{ true }', all],
    ['{ false }', []],
    ['{ resource.service.name = "prices" }', all],
    ['{ resource.service.name = "nobody" }', []],
    ['{ .service.name =~ "pri.*|nobody" && kind = server }', all],
    ['{ resource.service.name = "prices" && kind = client }', []],
    ['{ span.http.response.status_code >= 500 }', [6, 3]],
    ['{ span.http.response.status_code = 503 && duration > 197ms && kind = client }', [6, 3]],
    ['{ status = error && duration > 300ms }', []],
    ['{ duration > 240ms }', [6, 3]],
    ['{ traceDuration > 100ms && status = error }', [6, 3]],
    ['{ traceDuration < 100ms }', [5, 4, 2, 1]],
    ['{ name = "SELECT orders" }', all],
    ['{ name =~ "GET /pri.*" && status = error }', [6, 3]],
    ['{ name != "SELECT orders" && span.db.system.name = "postgresql" }', []],
    ['{ resource.k8s.statefulset.name = "prices" }', all],
    ['{ resource.k8s.deployment.name = "prices" }', []],
    ['{ resource.k8s.pod.name = "cart-1" && span.db.namespace = "orders" }', all],
    ['{ span.http.request.method != "GET" }', []],
    ['{ span.db.query.text != nil && !(status = error) }', all],
    ['{ (span.server.port = 5432 || status = error) && resource.service.name = "prices" }', [6, 3]],
    ['{ status = error } || { span.http.response.status_code = 404 }', [6, 3]],
    ['{ status = ok }', []],
    ['{ span.url.path = "/prices/7" && kind = server } with (most_recent=true)', all],
  ])('%s', async (q, expected) => {
    expect(numbersOf(await search(q))).toEqual(expected);
  });

  it('says which spans match', async () => {
    const found = await search('{ resource.service.name = "prices" && status = error }', '&limit=1');
    const startNs = epochNs + 6_000_000_000n;
    const spanSet = {
      matched: 1,
      spans: [
        {
          spanID: '0000000000000604',
          name: 'GET /prices/{}',
          startTimeUnixNano: String(startNs + 4_000_000n),
          durationNanos: '196000000',
          attributes: [
            { key: 'service.name', value: { stringValue: 'prices' } },
            { key: 'status', value: { stringValue: 'error' } },
          ],
        },
      ],
    };
    expect(found.traces).toEqual([
      {
        traceID: shopTrace(6).traceId,
        rootServiceName: 'gateway',
        rootTraceName: 'GET /api/orders/{}',
        startTimeUnixNano: String(startNs),
        durationMs: 250,
        spanSet,
        spanSets: [spanSet],
      },
    ]);
    const [first] = (await search('{}', '&spss=2&limit=1')).traces;
    expect(first!.spanSets[0]).toMatchObject({ matched: 4, spans: [{}, {}] });
  });

  it('keeps to a range of time, tags and durations', async () => {
    const at = Number(epochNs / 1_000_000_000n);
    expect(numbersOf(await search('{}', `&start=${at + 3}&end=${at + 4}`))).toEqual([4, 3]);
    const tagged = await api.json('/tempo/api/search?tags=service.name%3Dprices%20error%3Dtrue&minDuration=100ms');
    expect(numbersOf(tagged as Found)).toEqual([6, 3]);
    expect(await api.json('/tempo/api/search?tags=name%3D%22SELECT%20orders%22&maxDuration=1ms')).toMatchObject({
      traces: [],
    });
  });

  it.each([
    ['{ colour = "red" }', 'attributes begin with'],
    ['{ span.colour = "red" }', '"colour" cannot be searched; there are resource.service.name'],
    ['{ status = error } && { kind = server }', 'relations between sets of spans'],
    ['{ status = error } >> { kind = server }', 'relations between sets of spans'],
    ['{ status = error } | count() > 2', 'pipelines'],
    ['{ name =~ "(" }', 'no regular expression'],
    ['{ name > "a" }', 'a text takes no >'],
    ['{ duration > "a" }', 'a duration is compared'],
    ['{ "a" = .b }', 'on the left'],
    ['{ .service.name = "a', 'no closing'],
    ['{ .service.name = a }', 'in quotes'],
    ['{'.repeat(3_000), 'an attribute was expected'],
    [`{ ${'!'.repeat(200)}true }`, 'nested too deeply'],
    [`{ ${'('.repeat(200)}true }`, 'nested too deeply'],
    [`{ ${Array.from({ length: 30 }, () => 'kind = server').join(' || ')} }`, 'more than 24 comparisons'],
    ['{ .service.name = "x\') OR 1 = 1 --" } ;', 'means nothing here'],
  ])('that is none, or not supported, is refused: %s', async (q, problem) => {
    const response = await api.get(`/tempo/api/search?q=${encodeURIComponent(q)}`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(JSON.stringify(problem).slice(1, -1));
  });
});

describe('the rest of what Grafana asks Tempo for', () => {
  it('is a trace in both versions, as JSON and as protobuf', async () => {
    const { traceId, spans } = shopTrace(3);
    const expected = visibleSpans(spans)
      .map(({ span }) => span.spanId)
      .sort();
    const protobuf = { accept: 'application/protobuf' };
    const read = async (path: string): Promise<Buffer> =>
      Buffer.from(await (await api.get(path, protobuf)).arrayBuffer());
    const v1 = await read(`/tempo/api/traces/${traceId}`);
    expect(
      decodeSpans([v1])
        .map(({ spanId }) => spanId)
        .sort(),
    ).toEqual(expected);
    const v2 = await read(`/tempo/api/v2/traces/${traceId}?start=0&end=0`);
    // TraceByIDResponse { trace = 1 }: a tag, and a length of two or three bytes.
    const header = v2.length - v1.length;
    expect([v2[0], header]).toEqual([0x0a, 3]);
    expect(v2.subarray(header)).toEqual(v1);
    expect(await api.json(`/tempo/api/traces/${traceId}`)).toHaveProperty(
      'batches.0.scopeSpans.0.spans.0.traceId',
      traceId,
    );
    expect(await api.json(`/tempo/api/v2/traces/${traceId}`)).toHaveProperty(
      'trace.resourceSpans.0.resource.attributes',
    );
    expect((await api.get(`/tempo/api/traces/${'c'.repeat(32)}`)).status).toBe(404);
    expect((await api.get('/tempo/api/v2/traces/none')).status).toBe(400);
  });

  it('are names and values of attributes', async () => {
    expect(await (await api.get('/tempo/api/echo')).text()).toBe('echo');
    expect(await api.json('/tempo/api/status/buildinfo')).toHaveProperty('version');
    expect(await api.json('/tempo/api/search/tags')).toHaveProperty(
      'tagNames',
      expect.arrayContaining(['service.name', 'name']),
    );
    expect(await api.json('/tempo/api/v2/search/tags?scope=resource')).toHaveProperty('scopes.0.name', 'resource');
    const values = async (path: string): Promise<unknown> => {
      const { tagValues } = (await api.json(`/tempo/api/${path}`)) as { tagValues: readonly unknown[] };
      return tagValues.map((value) => (typeof value === 'string' ? value : (value as { value: string }).value)).sort();
    };
    expect(await values('search/tag/service.name/values')).toEqual(['cart', 'gateway', 'prices']);
    expect(await values('v2/search/tag/resource.k8s.deployment.name/values')).toEqual(['cart', 'gateway']);
    expect(await values('v2/search/tag/name/values')).toEqual([
      'GET /api/orders/{}',
      'GET /prices/{}',
      'SELECT orders',
    ]);
    expect(await values('v2/search/tag/status/values')).toEqual(['error', 'unset']);
    const selected = encodeURIComponent('{ resource.service.name = "prices" }');
    expect(await values(`v2/search/tag/span.http.response.status_code/values?q=${selected}`)).toEqual(['200', '503']);
    expect(await values('v2/search/tag/.nothing/values')).toEqual([]);
  });
});
