import { z } from 'zod';
import { json } from '../../http/answer.ts';
import { type AnswerOf, defineRoute, route } from '../../http/define-route.ts';
import { durationNsParameter, timeNsParameter } from '../../http/parameter-types.ts';
import { filterOf, filterParameters } from '../filter-parameters.ts';
import { readDifferences } from '../../store/differences.ts';

const share = z.number().meta({ description: 'Share of traces that have a span with it, 0 to 1.' });

/** What sets the traces of a box of the heatmap apart. */
export const differences = defineRoute({
  name: 'differences',
  path: '/api/differences',
  summary: 'Which values traces in a box of time and duration have more or less often than the others that match.',
  query: z.strictObject({
    ...filterParameters,
    box_from: timeNsParameter('The box begins at this time.').exactOptional(),
    box_to: timeNsParameter('The box ends at this time.').exactOptional(),
    box_min_duration: durationNsParameter('The least duration in the box.').exactOptional(),
    box_max_duration: durationNsParameter('The greatest duration in the box.').exactOptional(),
  }),
  isOverTime: true,
  answer: z.object({
    inside: z.number().meta({ description: 'Traces in the box.' }),
    outside: z.number().meta({ description: 'Traces that match and are not in the box.' }),
    attributes: z.array(
      z.object({
        field: z.string().meta({ description: 'As in `where`.' }),
        values: z.array(
          z.object({
            value: z.string(),
            inside: share,
            outside: share,
            where: z.string().meta({ description: 'A condition that holds for spans with this value.' }),
          }),
        ),
      }),
    ),
    is_sampled: z.boolean(),
  }),
});
export type DifferencesAnswer = AnswerOf<typeof differences>;

export const differencesRoute = route(differences, async ({ query }, { reader }) => {
  const box = {
    fromNs: query.box_from,
    toNs: query.box_to,
    minDurationNs: query.box_min_duration,
    maxDurationNs: query.box_max_duration,
  };
  return json(await readDifferences(reader, filterOf(query), box));
});
