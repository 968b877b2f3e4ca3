import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { packageVersion } from '../../core/package-version.ts';
import type { RouteDefinition } from './define-route.ts';

const problemsBody = z.object({ problems: z.array(z.string()).meta({ description: 'One sentence for each.' }) });

/** Makes `app.swagger()` give OpenAPI 3.1 of the routes that are added after this. */
export async function describeRoutes(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'spanloom',
        description:
          'Reads traces. Errors of a request come as `{"problems":[…]}` with everything that is wrong with it.',
        version: packageVersion(),
      },
    },
    transform: jsonSchemaTransform,
  });
}

/** What fastify and OpenAPI know of a route. */
export function schemaOf(definition: RouteDefinition): FastifySchema {
  const { name, summary, pathParameters, query, answer, mediaType = 'application/json' } = definition;
  return {
    operationId: name,
    summary,
    params: pathParameters,
    querystring: query,
    response: {
      200: { description: summary, content: { [mediaType]: { schema: answer } } },
      '4xx': { description: 'The request is wrong.', content: { 'application/json': { schema: problemsBody } } },
      '5xx': { description: 'Not now.', content: { 'application/json': { schema: problemsBody } } },
    },
  };
}
