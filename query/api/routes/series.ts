import { z } from 'zod';
import { json } from '../../http/answer.ts';
import { type AnswerOf, defineRoute, route } from '../../http/define-route.ts';
import { choiceParameter } from '../../http/parameter-types.ts';
import { filterOf, filterParameters } from '../filter-parameters.ts';
import { stepParameter } from '../step-parameter.ts';
import { readSeries } from '../../store/series.ts';

/** Rate, errors and durations of calls over time. */
export const series = defineRoute({
  name: 'series',
  path: '/api/series',
  summary: 'Rate, errors and durations of calls over time.',
  query: z.strictObject({
    ...filterParameters,
    step: stepParameter,
    by: choiceParameter(['none', 'service', 'endpoint', 'status', 'protocol'], 'One series for each.').prefault('none'),
  }),
  isOverTime: true,
  answer: z.object({
    step_s: z.number(),
    series: z.array(
      z.object({
        key: z.string().meta({ description: 'What `by` asks for; empty for none.' }),
        points: z.array(
          z.object({
            time_s: z.number().meta({ description: 'Unix time at which the step begins.' }),
            calls: z.number(),
            errors: z.number(),
            p50_ns: z.number(),
            p90_ns: z.number(),
            p99_ns: z.number(),
          }),
        ),
      }),
    ),
    is_truncated: z.boolean(),
  }),
});
export type SeriesAnswer = AnswerOf<typeof series>;

export const seriesRoute = route(series, async ({ query }, { reader }) =>
  json(await readSeries(reader, filterOf(query), { by: query.by, stepNs: query.step })),
);
