/** Bad input of all sorts against the API over the real engine: a clear refusal or a bounded answer, and nothing executed. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Trace } from '../schemas/generated/trace.ts';
import { aResource } from '../schemas/testing/a-resource.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { callMinute, serviceMinute } from '../sink/minutes/minute-summary.ts';
import { sumNextMinute } from '../sink/minutes/sum-minutes.ts';
import { orderSpan, processSide, resourceMessage, traceMessage } from '../sink/testing/traces.ts';
import { storedApi, type StoredApi } from './interop/stored-api.ts';

const id = (number: number, digits: number): string => String(number).padStart(digits, '0');
const markup = '<script>alert(1)</script>"\'\\\n';

/** The first and the last minute that can be stored, and one in between. */
const minutesS = [0, 2_147_483_640, 4_294_967_220];
const traces: readonly Trace[] = [
  ...minutesS.map((seconds, at) =>
    aTrace([orderSpan({ spanId: id(at, 16), startTimeNs: BigInt(seconds) * 1_000_000_000n + 1n })], {
      traceId: id(at + 1, 32),
    }),
  ),
  // One that is its own parent, a circle of three, one whose parent is nowhere, and a duration beyond all times.
  aTrace(
    [
      [10, 10],
      [11, 13],
      [12, 11],
      [13, 12],
      [14, 99],
    ].map(([own, parent]) =>
      orderSpan({
        spanId: id(own!, 16),
        parentSpanId: id(parent!, 16),
        reason: 'last_read',
        endpoint: markup,
        requestResource: markup,
        processName: markup,
        durationNs: own === 14 ? Number.MAX_SAFE_INTEGER : 1,
        server: processSide(80, 5),
      }),
    ),
    { traceId: id(9, 32) },
  ),
];
const circular = id(9, 32);

let api: StoredApi;
beforeAll(async () => {
  const markedUp = aResource({ kind: 'process', id: 5, uid: 'markup', name: markup, labels: { [markup]: markup } });
  api = await storedApi([
    resourceMessage(aResource({ kind: 'process', id: 1, uid: 'one', name: 'shop' }), 0),
    resourceMessage(markedUp, 1),
    ...traces.map((trace, at) => traceMessage(trace, at)),
  ]);
});
afterAll(() => api.close());

type Json = Readonly<Record<string, unknown>>;
async function ask(path: string): Promise<{ readonly status: number; readonly body: Json; readonly text: string }> {
  const response = await api.get(path);
  const text = await response.text();
  expect({ path, type: response.headers.get('content-type') }).toMatchObject({
    type: expect.stringMatching(/json|event/) as string,
  });
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  return { status: response.status, body: JSON.parse(text) as Json, text };
}
const lengthOf = (body: Json, list: string): number => (body[list] as readonly unknown[]).length;

/** Routes over a range, each with parameters that it needs. */
const ranged = [
  '/api/traces?',
  '/api/spans?',
  '/api/services?',
  '/api/endpoints?',
  '/api/topology?level=service&',
  '/api/topology?level=pod&group=zone&',
  '/api/series?by=service&',
  '/api/series?min_duration=1ms&',
  '/api/flow-series?client=a&server=b&',
  '/api/heatmap?',
  '/api/differences?box_min_duration=1ms&',
  '/api/state?',
];

describe('times', () => {
  const years = [
    '0000-01-01',
    '1969-12-31',
    '1970-01-01',
    '2106-02-07',
    '2149-06-06',
    '2150-01-01',
    '2262-04-11',
    '9999-12-31',
  ];
  const ranges = years.flatMap((from) => years.map((to) => `from=${from}&to=${to}`));

  it.each(ranged)('of any years are answered or refused: %s', async (route) => {
    for (const range of ranges) {
      const { status, body } = await ask(`${route}${range}`);
      expect({ range, status }).toEqual({ range, status: status === 400 ? 400 : 200 });
      if (status === 400) expect((body['problems'] as readonly string[])[0]).toMatch(/^(from|to): /);
    }
  });

  it('that can be stored are found, and none twice', async () => {
    for (const [list, key] of [
      ['traces', 'trace_id'],
      ['spans', 'span_id'],
    ] as const) {
      const { body } = await ask(`/api/${list}?from=1970-01-01&to=2262-04-11`);
      const found = (body[list] as readonly Json[]).map((row) => row[key]);
      expect(found).toHaveLength(list === 'traces' ? 4 : 8);
      expect(new Set(found).size).toBe(found.length);
      expect(lengthOf((await ask(`/api/${list}?from=2106-02-08&to=2262-04-11`)).body, list)).toBe(0);
      expect(lengthOf((await ask(`/api/${list}?to=1970-01-02`)).body, list)).toBe(1);
      expect(lengthOf((await ask(`/api/${list}?from=2106-02-07`)).body, list)).toBe(1);
    }
  });

  it('have one call in each of their minutes, also once these were summed up', async () => {
    const check = async (): Promise<void> => {
      for (const seconds of minutesS) {
        const [from, to] = [seconds, seconds + 59].map((time) => new Date(time * 1000).toISOString());
        const range = `from=${from}&to=${to}`;
        const calls: unknown[] = [
          (await ask(`/api/services?${range}`)).body['services'],
          (await ask(`/api/endpoints?${range}`)).body['endpoints'],
          (await ask(`/api/topology?level=service&${range}`)).body['edges'],
          (await ask(`/api/topology?level=pod&${range}`)).body['edges'],
          ((await ask(`/api/series?${range}`)).body['series'] as readonly Json[])[0]!['points'],
          ((await ask(`/api/series?${range}&min_duration=1ms`)).body['series'] as readonly Json[])[0]!['points'],
        ].map((rows) => (rows as readonly Json[]).map((row) => row['calls']));
        expect({ seconds, calls }).toEqual({ seconds, calls: calls.map(() => [1]) });
        const cells = (await ask(`/api/heatmap?${range}`)).body['cells'] as readonly Json[];
        expect(cells.map((cell) => cell['traces'])).toEqual([1]);
      }
    };
    await check();
    for (const summary of [callMinute, serviceMinute])
      while (await sumNextMinute(api.database.clickHouse, summary, { quietMs: 0 }));
    expect(await api.database.clickHouse.select('SELECT * FROM changed_minute')).toEqual([]);
    await check();
  });

  it('of other tools are answered or refused', async () => {
    for (const path of [
      '/jaeger/api/traces?service=shop&start=0&end=9223372036854775807',
      '/jaeger/api/v3/traces?query.service_name=shop&query.start_time_min=1970-01-01T00:00:00Z&query.start_time_max=2262-04-11T00:00:00Z',
      '/tempo/api/search?q={}&start=0&end=9223372036',
      '/tempo/api/search?q={}&start=9223372036&end=99999999999',
    ]) {
      const { status } = await ask(path);
      // Jaeger has no empty list of traces.
      expect({ path, status }).toEqual({ path, status: [400, 404].includes(status) ? status : 200 });
    }
  });
});

describe('texts', () => {
  const hostile = [
    `' OR 1=1 --`,
    `'; DROP TABLE spans; --`,
    `\\'; DROP TABLE spans; --`,
    `') UNION ALL SELECT * FROM system.users --`,
    `x\0y`,
    '\ud800',
    '%00%27',
    '{{database}}',
    '${jndi:ldap://x}',
    `*/ SELECT 1 /*`,
    '\u{1f4a9}'.repeat(200),
    markup,
    'a'.repeat(2_000),
  ];
  const parameters: readonly (readonly [string, readonly string[]])[] = [
    [
      '/api/traces',
      ['service', 'endpoint', 'protocol', 'status', 'where', 'min_duration', 'from', 'cursor', 'sort', 'limit'],
    ],
    ['/api/spans', ['service', 'endpoint', 'where', 'to', 'cursor', 'calls']],
    ['/api/endpoints', ['service']],
    ['/api/series', ['service', 'endpoint', 'by', 'step', 'where']],
    ['/api/flow-series', ['client', 'server', 'step']],
    ['/api/heatmap', ['where', 'columns']],
    ['/api/differences', ['where', 'box_from', 'box_max_duration']],
    ['/api/topology', ['level', 'group']],
    ['/api/field-values', ['field', 'prefix', 'limit']],
    ['/tempo/api/search', ['q', 'tags', 'limit']],
    ['/jaeger/api/services/shop/operations', ['spanKind']],
  ];

  it.each(parameters)('of %s are values or refused, never statements', async (path, names) => {
    const count = 'SELECT (SELECT count() FROM spans) AS spans, (SELECT count() FROM trace) AS traces';
    const before = await api.database.clickHouse.select(count);
    for (const name of names)
      for (const text of [...hostile, ...hostile.map((part) => `client.pod = '${part}'`)]) {
        const within =
          path.startsWith('/api/traces') || path.startsWith('/api/spans')
            ? { from: '2025-01-01', to: '2025-01-20' }
            : {};
        const query = new URLSearchParams({ ...within, [name]: text });
        if (path === '/api/field-values' && name !== 'field') query.set('field', 'endpoint');
        const { status } = await ask(`${path}?${String(query)}`);
        expect({ name, text, status }).toEqual({ name, text, status: [400, 404].includes(status) ? status : 200 });
      }
    expect(await api.database.clickHouse.select(count)).toEqual(before);
  });

  it.each([
    '/api/traces/',
    '/jaeger/api/traces/',
    '/jaeger/api/v3/traces/',
    '/tempo/api/traces/',
    '/tempo/api/v2/traces/',
  ])('that are no ids are refused: %s', async (path) => {
    for (const text of ['x', `' OR 1=1`, '..%2f..%2fetc%2fpasswd', 'zz'.repeat(16), 'a'.repeat(33), '%00', '-1', ' ']) {
      const { status } = await ask(path + (text.includes('%') ? text : encodeURIComponent(text)));
      expect({ text, status }).toEqual({ text, status: status === 404 ? 404 : 400 });
    }
  });

  it('with markup are data, under a type that shows none', async () => {
    const { text } = await ask(`/api/traces/${circular}`);
    expect(text).toContain('<script>');
    const response = await api.get(`/api/traces/${circular}`);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'|script-src/);
  });
});

describe('a trace whose parents are a circle', () => {
  it.each([
    ['/api/traces/', 5],
    ['/api/traces/ID/otlp', 5],
    ['/jaeger/api/v3/traces/', 5],
    ['/tempo/api/traces/', 5],
    ['/tempo/api/v2/traces/', 5],
    ['/api/traces/ID/likely-edges', 0],
    ['/api/traces/ID/flows', 0],
  ] as const)('is answered whole: %s', async (path, spans) => {
    const { status, text } = await ask(path.includes('ID') ? path.replace('ID', circular) : path + circular);
    expect(status).toBe(200);
    for (const span of [10, 11, 12, 13, 14].slice(0, spans)) expect(text).toContain(id(span, 16));
  });

  it('is in lists, heatmaps and differences, however long one of its spans says that it took', async () => {
    const traceTime = 'from=2025-01-01&to=2025-01-20';
    for (const route of ['/api/traces?', '/api/spans?', '/api/heatmap?', '/api/differences?box_min_duration=1ms&'])
      expect({ route, status: (await ask(`${route}${traceTime}`)).status }).toEqual({ route, status: 200 });
  });
});

describe('requests', () => {
  const statusOf = (path: string, headers: Readonly<Record<string, string | string[]>>): Promise<number | string> =>
    new Promise((resolve) => {
      const sent = request({ host: '127.0.0.1', port: api.port, path, headers }, (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      });
      sent.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      sent.end();
    });

  it('with very many parameters, or very long, are refused', async () => {
    const many = Array.from({ length: 900 }, (_, at) => `p${at}=1`).join('&');
    const { status, body } = await ask(`/api/traces?${many}`);
    expect(status).toBe(400);
    expect(lengthOf(body, 'problems')).toBeLessThan(20);
    expect(await statusOf(`/api/traces?service=${'a'.repeat(15_000)}`, {})).toSatisfy((code) =>
      [414, 431].includes(code as number),
    );
  });

  it('with a flood of headers are refused', async () => {
    const names = Array.from({ length: 2_500 }, (_, at) => [`x-${at}`, 'y'.repeat(20)] as const);
    expect(await statusOf('/api/traces', Object.fromEntries(names))).toSatisfy((code) =>
      [431, 'ECONNRESET', 'EPIPE'].includes(code as never),
    );
    expect((await api.get('/healthz')).status).toBe(200);
  });
});
