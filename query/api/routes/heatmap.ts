import { z } from 'zod';
import { json } from '../../http/answer.ts';
import { type AnswerOf, defineRoute, route } from '../../http/define-route.ts';
import { integerParameter } from '../../http/parameter-types.ts';
import { filterOf, filterParameters } from '../filter-parameters.ts';
import { readHeatmap } from '../../store/heatmap.ts';

/** How many traces took how long when. */
export const heatmap = defineRoute({
  name: 'heatmap',
  path: '/api/heatmap',
  summary: 'How many traces took how long when.',
  query: z.strictObject({
    ...filterParameters,
    columns: integerParameter({ minimum: 1, maximum: 400 }, 'Steps in time.').prefault('100'),
    rows: integerParameter({ minimum: 1, maximum: 100 }, 'Steps in duration, on a logarithmic scale.').prefault('30'),
  }),
  isOverTime: true,
  answer: z.object({
    from_ns: z.string().meta({ description: 'Unix time in nanoseconds at which the first column begins.' }),
    to_ns: z.string(),
    step_ns: z.number(),
    durations_ns: z.array(z.number()).meta({ description: 'Bounds of the rows: one more than there are rows.' }),
    cells: z.array(z.object({ column: z.int(), row: z.int(), traces: z.number(), errors: z.number() })),
    is_sampled: z.boolean(),
  }),
});
export type HeatmapAnswer = AnswerOf<typeof heatmap>;

export const heatmapRoute = route(heatmap, async ({ query }, { reader }) => {
  const { columns, rows } = query;
  return json(await readHeatmap(reader, filterOf(query), { columns, rows }));
});
