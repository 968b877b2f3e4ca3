import { afterEach, expect, it } from 'vitest';
import { createLogger } from '../../core/telemetry/logger.ts';
import { createTelemetry } from '../../core/telemetry/telemetry.ts';
import { defaultQueryLimits } from '../config.ts';
import { routes } from '../routes.ts';
import { emptyReader } from '../testing/empty-reader.ts';
import { storeWith } from '../testing/store-with.ts';
import { type QueryServer, serveQueries } from './http-server.ts';

let server: QueryServer | undefined;
afterEach(() => server?.close());

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>;
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, { schema: object }>> }>>;
}

it('the description of the API has every route, with its parameters as they are written and its answer', async () => {
  server = await serveQueries({
    store: storeWith({}),
    reader: () => emptyReader,
    telemetry: createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) }),
    host: '127.0.0.1',
    port: 0,
    limits: defaultQueryLimits,
  });
  const response = await fetch(`http://127.0.0.1:${server.port}/api/openapi.json`);
  const { openapi, paths } = (await response.json()) as OpenApi;
  expect(openapi).toBe('3.1.0');
  expect(Object.values(paths).map(({ get }) => get.operationId)).toEqual(
    routes.map(({ definition }) => definition.name),
  );
  const list = paths['/api/traces']!.get;
  expect(list.parameters).toContainEqual(
    expect.objectContaining({
      name: 'limit',
      in: 'query',
      schema: { type: 'integer', minimum: 1, maximum: 1000, default: '20' },
    }),
  );
  expect(list.responses['200']!.content['application/json']!.schema).toMatchObject({
    properties: { traces: { type: 'array' }, next_cursor: { type: 'string' } },
  });
  const one = paths['/api/traces/{id}']!.get;
  expect(one.parameters).toMatchObject([{ name: 'id', in: 'path' }]);
  expect(one.responses['200']!.content['application/json']!.schema).toMatchObject({
    properties: { start_time_ns: { type: 'string' }, spans: { items: { properties: { service_name: {} } } } },
  });
  expect(list.responses['4XX']).toBeDefined();
});
