import { z } from 'zod';
import { json } from '../../http/answer.ts';
import { defineRoute, route } from '../../http/define-route.ts';
import { textParameter } from '../../http/parameter-types.ts';
import { callFigures } from '../call-figures.ts';
import { rangeOf, timeParameters } from '../filter-parameters.ts';
import { listEndpoints } from '../../store/services.ts';

/** Endpoints of a service by what they served. */
export const endpoints = defineRoute({
  name: 'endpoints',
  path: '/api/endpoints',
  summary: 'Endpoints of one service, or of all, by what they served in a range of time, the busiest first.',
  query: z.strictObject({ service: textParameter('Name of the service.').exactOptional(), ...timeParameters }),
  isOverTime: true,
  answer: z.object({
    endpoints: z.array(
      z.object({ endpoint: z.string(), protocol: z.string(), request_type: z.string(), ...callFigures }),
    ),
    is_truncated: z.boolean(),
  }),
});

export const endpointsRoute = route(endpoints, async ({ query }, { reader }) =>
  json(await listEndpoints(reader, query.service, rangeOf(query))),
);
