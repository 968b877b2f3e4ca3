import { z } from 'zod';
import { json } from '../../http/answer.ts';
import { defineRoute, route } from '../../http/define-route.ts';
import { rangeOf, timeParameters } from '../filter-parameters.ts';
import { callFigures } from '../call-figures.ts';
import { listServices } from '../../store/services.ts';

/** Services by what they served. */
export const services = defineRoute({
  name: 'services',
  path: '/api/services',
  summary: 'Services by what they served in a range of time, the busiest first.',
  query: z.strictObject(timeParameters),
  isOverTime: true,
  answer: z.object({
    services: z.array(
      z.object({
        name: z.string(),
        kind: z.string().meta({ description: 'Kind of its resource, such as workload; process where none is known.' }),
        namespace: z.string().meta({ description: 'Empty outside of a cluster.' }),
        ...callFigures,
      }),
    ),
    is_truncated: z.boolean(),
  }),
});

export const servicesRoute = route(services, async ({ query }, { reader }) =>
  json(await listServices(reader, rangeOf(query))),
);
