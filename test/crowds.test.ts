/** A hundred thousand services, labels and attributes, and clients that ask at the same time: answers are bounded, and all get one. */
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { epochNs } from '../schemas/testing/a-span.ts';
import { storedApi, type StoredApi } from './interop/stored-api.ts';

const crowd = 100_000;
const startS = Number(epochNs / 1_000_000_000n);
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
const range = `from=${iso(startS - 60)}&to=${iso(startS + 60)}`;
const start = `fromUnixTimestamp64Nano(${epochNs}, 'UTC')`;

let api: StoredApi;
beforeAll(async () => {
  api = await storedApi([]);
  const { clickHouse } = api.database;
  await clickHouse.execute(
    `INSERT INTO resource (kind, id, uid, name, labels, valid_from, version)
     SELECT 'service', number + 1, toString(number), 'service-' || toString(number),
       map('label-' || toString(number), 'x'), ${start} - toIntervalDay(1), 1 FROM numbers(${crowd})`,
  );
  await clickHouse.execute(
    `INSERT INTO resource (kind, id, uid, name, labels, valid_from, version)
     SELECT 'pod', 1, 'p', 'labelled', mapFromArrays(arrayMap(at -> 'own-' || toString(at), range(${crowd})),
       arrayMap(at -> toString(at), range(${crowd}))), ${start} - toIntervalDay(1), 1`,
  );
  const ids = `unhex(leftPad(hex(number + 1), 16, '0'))`;
  await clickHouse.execute(
    `INSERT INTO spans (trace_id, span_id, start_time, revision, duration_ns, protocol, status, endpoint, observation_point, is_call,
       service_type, service_id, call_client_type, call_client_id, call_server_type, call_server_id,
       client_auto_service_type, client_auto_service_id, server_auto_service_type, server_auto_service_id, server_pod_id)
     SELECT unhex(leftPad(hex(number + 1), 32, '0')), ${ids}, ${start}, 1, 1000000, 'http1', 'ok', '/' || toString(number), 's-p', 1,
       12, number + 1, 12, 1, 12, number + 1, 12, 1, 12, number + 1, 1 FROM numbers(${crowd})`,
  );
  await clickHouse.execute(
    `INSERT INTO summed_minute (summary, minute, changed_at)
     SELECT arrayJoin(['call_minute', 'service_minute']), toStartOfMinute(${start}), now64(9)`,
  );
  await clickHouse.execute('SYSTEM RELOAD DICTIONARIES');
}, 300_000);
afterAll(() => api.close());

interface Body extends Readonly<Record<string, unknown>> {
  readonly is_truncated?: boolean;
}
async function ask(path: string): Promise<{ readonly body: Body; readonly bytes: number }> {
  const response = await api.get(path);
  const text = await response.text();
  expect({ path, status: response.status, text: text.slice(0, 200) }).toMatchObject({ path, status: 200 });
  return { body: JSON.parse(text) as Body, bytes: text.length };
}

describe('of a hundred thousand', () => {
  it.each([
    [`/api/services?${range}`, 'services', 1_000],
    [`/api/endpoints?${range}`, 'endpoints', 1_000],
    [`/api/topology?level=service&${range}`, 'edges', 2_000],
    [`/api/series?by=endpoint&${range}`, 'series', 20],
    [`/api/series?by=service&${range}`, 'series', 20],
  ] as const)(
    'as many as the bound are in the answer, which says so: %s',
    async (path, list, bound) => {
      const { body, bytes } = await ask(path);
      expect(body[list]).toHaveLength(bound);
      expect(body.is_truncated).toBe(true);
      expect(bytes).toBeLessThan(2_000_000);
    },
    120_000,
  );

  it.each([
    '/api/field-values?field=seen_service',
    '/api/field-values?field=endpoint',
    '/api/field-values?field=label(own-7)',
    '/api/fields',
    `/api/spans?${range}`,
    `/api/spans?where=label(label-99)%20=%20x&${range}`,
    '/jaeger/api/services',
    '/jaeger/api/services/service-7/operations',
    '/tempo/api/search/tags',
    '/tempo/api/search/tag/service.name/values',
    '/tempo/api/v2/search/tag/resource.service.name/values',
  ])(
    'answers are bounded: %s',
    async (path) => {
      expect((await ask(path)).bytes).toBeLessThan(4_000_000);
    },
    120_000,
  );
});

describe('clients', () => {
  const statusFrom = (localAddress: string, path: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: api.port, localAddress, path, agent: false }, (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      });
      sent.once('error', reject);
      sent.end();
    });

  it('take turns: one that asks for much does not keep another one waiting for all of it', async () => {
    const done: string[] = [];
    const greedy = Array.from({ length: 12 }, async () => {
      await statusFrom('127.0.0.1', `/api/topology?level=service&${range}`);
      done.push('greedy');
    });
    const modest = statusFrom('127.0.0.2', `/api/services?${range}`).then((status) => done.push(`modest ${status}`));
    await Promise.all([...greedy, modest]);
    expect(done).toContain('modest 200');
    expect(done.indexOf('modest 200')).toBeLessThan(done.length - 1);
  }, 120_000);

  it('that close their half of a connection are let go, answered or not, and hold no place', async () => {
    for (let client = 0; client < 40; client++) {
      const socket = connect(api.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.end(`GET /api/topology?level=service&${range} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
      socket.resume();
      await once(socket, 'close');
    }
    expect(await statusFrom('127.0.0.1', '/api/fields')).toBe(200);
  }, 120_000);
});
