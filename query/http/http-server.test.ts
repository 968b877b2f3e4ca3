import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { PipelineError } from '../../core/errors.ts';
import { createLogger } from '../../core/telemetry/logger.ts';
import { createTelemetry } from '../../core/telemetry/telemetry.ts';
import { httpTraceStore } from '../api/http-trace-store.ts';
import { type QueryServer, serveQueries } from './http-server.ts';
import { defaultQueryLimits } from '../config.ts';
import { aTraceFlow, aTraceFlowSide } from '../testing/a-trace-flow.ts';
import { emptyReader } from '../testing/empty-reader.ts';
import { storeWith } from '../testing/store-with.ts';
import type { PagedTraceStore, TraceFilter, TraceSummary } from '../store/trace-store.ts';

const summary: TraceSummary = {
  traceId: '000000000000000000000000000000aa',
  revision: 3,
  startTimeNs: 1_760_000_000_000_000_001n,
  durationNs: 5,
  spanCount: 3,
  errorCount: 0,
  rootCount: 1,
  rootServiceName: 'shop',
  rootProtocol: 'http1',
  rootRequestType: 'GET',
  rootEndpoint: '/',
  rootStatus: 'ok',
  rootResponseCode: 200,
};

const servers: QueryServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(store: Partial<PagedTraceStore>, maxConcurrency = 2): Promise<string> {
  const server = await serveQueries({
    store: storeWith(store),
    reader: () => emptyReader,
    telemetry: createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) }),
    host: '127.0.0.1',
    port: 0,
    limits: { ...defaultQueryLimits, maxConcurrency },
    dataDirectory: '/data',
  });
  servers.push(server);
  return `http://127.0.0.1:${server.port}`;
}

async function json(url: string, method = 'GET'): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(url, { method });
  return { status: response.status, body: await response.json() };
}

describe('the read API', () => {
  it('lists traces by the parameters', async () => {
    const filters: TraceFilter[] = [];
    const base = await serve({
      listTraces(filter) {
        filters.push(filter);
        return Promise.resolve({ traces: [summary] });
      },
    });
    const { status, body } = await json(`${base}/api/traces?service=shop&min_duration=5ms&limit=7`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ traces: [{ trace_id: summary.traceId, start_time_ns: '1760000000000000001' }] });
    expect(filters).toEqual([{ service: 'shop', minDurationNs: 5_000_000, sort: 'newest', limit: 7 }]);
    expect(await httpTraceStore(base).listTraces({ sort: 'newest', limit: 1 })).toEqual({ traces: [summary] });
  });

  it('refuses what it does not understand, with all problems', async () => {
    const base = await serve({});
    expect(await json(`${base}/api/traces?limit=x&color=red`)).toMatchObject({
      status: 400,
      body: { problems: [expect.stringContaining('color'), expect.stringContaining('limit')] },
    });
    expect((await json(`${base}/api/traces/xyz`)).status).toBe(400);
    expect((await json(`${base}/api/traces/aa?full=1`)).status).toBe(400);
    expect((await json(`${base}/api/traces/${'a'.repeat(32)}`)).status).toBe(404);
    expect((await json(`${base}/api/nothing`)).status).toBe(404);
    expect((await json(`${base}/api/traces`, 'POST')).status).toBe(405);
    await expect(httpTraceStore(base).findTrace('aa')).resolves.toEqual({ kind: 'missing' });
  });

  it('gives the flows of a trace by the id it is stored by', async () => {
    const flow = aTraceFlow({
      client: aTraceFlowSide({ packets: 3, handshakeNs: 0 }),
      server: aTraceFlowSide({ retransmissions: 2, acknowledgmentCount: 1, acknowledgmentSumNs: 7 }),
      closeType: 'finished',
    });
    const base = await serve({ traceFlows: (id) => Promise.resolve(id === summary.traceId ? [flow] : []) });
    const path = `${base}/api/traces/${summary.traceId}/flows`;
    expect(await json(path)).toMatchObject({
      status: 200,
      body: { flows: [{ flow_id: 1, client_packets: 3, server_retransmissions: 2, close_type: 'finished' }] },
    });
    expect(await httpTraceStore(base).traceFlows(summary.traceId)).toEqual([flow]);
    expect(await httpTraceStore(base).traceFlows('b'.repeat(32))).toEqual([]);
    expect((await json(`${base}/api/traces/aa/flows`)).status).toBe(400);
    expect((await json(`${path}?full=1`)).status).toBe(400);
  });

  it('tells which traces an ambiguous beginning may mean', async () => {
    const found = { kind: 'ambiguous', traceIds: ['aa1', 'aa2'] } as const;
    const base = await serve({ openTrace: () => Promise.resolve(found) });
    expect((await json(`${base}/api/traces/aa`)).status).toBe(409);
    expect(await httpTraceStore(base).findTrace('aa')).toEqual(found);
  });

  it('says 503 and why when the database fails, and goes on', async () => {
    let isBroken = true;
    const base = await serve({
      listTraces: () =>
        isBroken
          ? Promise.reject(new PipelineError('DESTINATION_UNAVAILABLE', 'It is away.'))
          : Promise.resolve({ traces: [] }),
    });
    expect(await json(`${base}/api/traces`)).toEqual({ status: 503, body: { problems: ['It is away.'] } });
    isBroken = false;
    expect((await json(`${base}/api/traces`)).status).toBe(200);
  });

  it('asks the database for a few things at a time', async () => {
    let running = 0;
    let most = 0;
    const base = await serve({
      async listTraces() {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 10));
        running--;
        return { traces: [] };
      },
    });
    const answers = await Promise.all(Array.from({ length: 10 }, () => json(`${base}/api/traces`)));
    expect(answers.every((answer) => answer.status === 200)).toBe(true);
    expect(most).toBe(2);
  });

  it('tells its health and its metrics', async () => {
    const base = await serve({});
    expect(await json(`${base}/healthz`)).toEqual({
      status: 200,
      body: { name: 'spanloom', status: 'ok', data_directory: '/data' },
    });
    await json(`${base}/api/traces`);
    expect(await (await fetch(`${base}/metrics`)).text()).toContain(
      'spanloom_query_requests_total{route="/api/traces",status="200"} 1',
    );
  });

  it('answers nobody who came by the name of another site', async () => {
    const base = await serve({});
    const status = await new Promise((resolve, reject) => {
      const asked = request(`${base}/api/traces`, { headers: { host: 'evil.example:6480' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.once('error', reject).end();
    });
    expect(status).toBe(403);
  });

  it('says in one sentence that its port is taken', async () => {
    const base = await serve({});
    const port = Number(new URL(base).port);
    const options = {
      store: {} as PagedTraceStore,
      reader: () => emptyReader,
      telemetry: createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) }),
    };
    await expect(
      serveQueries({ ...options, host: '127.0.0.1', port, limits: defaultQueryLimits }),
    ).rejects.toMatchObject({
      code: 'ENVIRONMENT_UNSUPPORTED',
      message: expect.stringContaining(`Port ${port}`) as string,
    });
  });
});
