import { z } from 'zod';
import { json } from '../../http/answer.ts';
import { type AnswerOf, defineRoute, route } from '../../http/define-route.ts';
import { choiceParameter } from '../../http/parameter-types.ts';
import { callFigures } from '../call-figures.ts';
import { rangeOf, timeParameters } from '../filter-parameters.ts';
import { readTopology } from '../../store/topology.ts';

/** Who called whom. */
export const topology = defineRoute({
  name: 'topology',
  path: '/api/topology',
  summary: 'Who called whom in a range of time, with what became of the packets between them.',
  query: z.strictObject({
    ...timeParameters,
    level: choiceParameter(['service', 'workload', 'pod', 'process', 'host'], 'What a node is.').prefault('service'),
    group: choiceParameter(['none', 'namespace', 'zone', 'node'], 'What nodes are grouped by.').prefault('none'),
  }),
  isOverTime: true,
  answer: z.object({
    nodes: z.array(
      z.object({
        id: z.string().meta({ description: '`<kind>:<id>`.' }),
        name: z.string(),
        kind: z.string(),
        group: z.string().meta({ description: 'Empty where it is in none.' }),
        is_outside: z.boolean().meta({ description: 'Outside of what is observed.' }),
        ...callFigures,
      }),
    ),
    edges: z.array(
      z.object({
        client: z.string().meta({ description: 'id of a node.' }),
        server: z.string(),
        protocols: z.array(z.string()),
        ...callFigures,
        packets: z.number().meta({ description: 'At one observation point of the edge; 0 where none were seen.' }),
        retransmissions: z.number(),
        round_trip_count: z.number(),
        round_trip_mean_ns: z.number().meta({ description: '-1 where none was seen.' }),
        resets: z.number(),
      }),
    ),
    is_truncated: z.boolean(),
  }),
});
export type TopologyAnswer = AnswerOf<typeof topology>;

export const topologyRoute = route(topology, async ({ query }, { reader }) => {
  const { level, group } = query;
  return json(await readTopology(reader, { ...rangeOf(query), level, group }));
});
