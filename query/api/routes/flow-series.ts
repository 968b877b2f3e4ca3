import { z } from 'zod';
import { json } from '../../http/answer.ts';
import { type AnswerOf, defineRoute, route } from '../../http/define-route.ts';
import { textParameter } from '../../http/parameter-types.ts';
import { rangeOf, timeParameters } from '../filter-parameters.ts';
import { stepParameter } from '../step-parameter.ts';
import { readFlowSeries } from '../../store/flow-series.ts';

const mean = z.number().meta({ description: '-1 where none was seen.' });

/** Packets and connections over time. */
export const flowSeries = defineRoute({
  name: 'flowSeries',
  path: '/api/flow-series',
  summary: 'Packets and connections over time, between a client and a server or all of one of them.',
  query: z.strictObject({
    client: textParameter('Name of the service that calls.').exactOptional(),
    server: textParameter('Name of the service that is called.').exactOptional(),
    ...timeParameters,
    step: stepParameter,
  }),
  isOverTime: true,
  answer: z.object({
    step_s: z.number(),
    points: z.array(
      z.object({
        time_s: z.number().meta({ description: 'Unix time at which the step begins.' }),
        packets: z.number(),
        bytes: z.number(),
        retransmissions: z.number(),
        resets: z.number(),
        zero_windows: z.number(),
        round_trip_mean_ns: mean,
        round_trip_max_ns: z.number(),
        handshake_mean_ns: mean,
        opened: z.number(),
        refused: z.number(),
      }),
    ),
  }),
});
export type FlowSeriesAnswer = AnswerOf<typeof flowSeries>;

export const flowSeriesRoute = route(flowSeries, async ({ query }, { reader }) => {
  const { client, server, step } = query;
  return json(await readFlowSeries(reader, { ...rangeOf(query), client, server, stepNs: step }));
});
